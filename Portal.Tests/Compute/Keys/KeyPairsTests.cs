using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

[Trait("Needs", "database")]
public sealed class KeyPairsTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private KeyPairs Pairs => new(this, TimeProvider.System);

    [Fact]
    public async Task A_key_is_kept_once_and_under_one_name()
    {
        var ada = await AnAccount.ReadyAsync(this);
        Assert.Null((await Pairs.ImportAsync(ada, "laptop", AnAccount.Ed25519, Ct)).Reason);
        Assert.Equal(
            "This key is among yours already, as “laptop”.",
            (await Pairs.ImportAsync(ada, "other", AnAccount.Ed25519, Ct)).Reason
        );
        Assert.Equal("You have a key named “laptop” already.", (await Pairs.ImportAsync(ada, "laptop", AnAccount.Ed25519, Ct)).Reason);
        Assert.Contains(
            "private key",
            (await Pairs.ImportAsync(ada, "third", "-----BEGIN OPENSSH PRIVATE KEY-----", Ct)).Reason,
            StringComparison.Ordinal
        );
        Assert.Null((await Pairs.ImportAsync(await AnAccount.ReadyAsync(this), "laptop", AnAccount.Ed25519, Ct)).Reason);
    }

    [Fact]
    public async Task An_account_has_a_hundred_keys_at_most_also_when_it_creates()
    {
        var ada = await AnAccount.ReadyAsync(this);
        await using (var db = CreateDbContext())
        {
            db.AddRange(
                Enumerable
                    .Range(1, KeyPairs.Most)
                    .Select(n => new KeyPair
                    {
                        Id = $"key-{n}",
                        AccountId = ada.AccountId,
                        Name = $"key {n}",
                        CreatedAt = AnAccount.Now,
                        PublicKey = "ssh-ed25519 AAAA",
                        Fingerprint = $"SHA256:{n}",
                    })
            );
            await db.SaveChangesAsync(Ct);
        }

        const string full = "You have 100 keys, which is the most there can be. Delete one that you no longer need.";
        Assert.Equal(full, (await Pairs.ImportAsync(ada, "laptop", AnAccount.Ed25519, Ct)).Reason);
        Assert.Equal(
            full,
            (await new CreateInstance(this, TimeProvider.System).RunAsync(ada, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)).Reason
        );
        await Pairs.DeleteAsync(ada, "key-1", Ct);
        Assert.Null((await Pairs.ImportAsync(ada, "laptop", AnAccount.Ed25519, Ct)).Reason);
    }

    [Fact]
    public async Task Deleting_is_told_in_the_audit_and_leaves_instances_their_key()
    {
        var ada = await AnAccount.ReadyAsync(this);
        var made = (
            await new CreateInstance(this, TimeProvider.System).RunAsync(ada, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)
        ).Value![0];
        Assert.False((await Pairs.DeleteAsync(await AnAccount.ReadyAsync(this), made.KeyPairId!, Ct)).IsDone);

        Assert.True((await Pairs.DeleteAsync(ada, made.KeyPairId!, Ct)).IsDone);

        await using var db = CreateDbContext();
        Assert.Equal(AnAccount.Ed25519, (await db.Instances.SingleAsync(Ct)).PublicKey);
        Assert.True(
            await db.AuditEntries.AnyAsync(
                row => row.Action == "DeleteKeyPair" && row.ResourceId == made.KeyPairId && row.Person!.Email == ada.Email,
                Ct
            )
        );
    }

    [Fact]
    public async Task Tags_are_replaced_and_told_in_the_audit()
    {
        var ada = await AnAccount.ReadyAsync(this);
        var tags = new TagInstance(this, TimeProvider.System);
        var made = (
            await new CreateInstance(this, TimeProvider.System).RunAsync(ada, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)
        ).Value![0];
        Assert.True((await tags.RunAsync(ada, made.Id, new Dictionary<string, string> { ["env"] = "test" }, Ct)).IsDone);
        Assert.True((await tags.RunAsync(ada, made.Id, new Dictionary<string, string> { ["team"] = "blue" }, Ct)).IsDone);
        Assert.False((await tags.RunAsync(await AnAccount.ReadyAsync(this), made.Id, new Dictionary<string, string>(), Ct)).IsDone);
        Assert.False((await tags.RunAsync(ada, made.Id, new Dictionary<string, string> { [""] = "x" }, Ct)).IsDone);

        await using var db = CreateDbContext();
        Assert.Equal(new Dictionary<string, string> { ["team"] = "blue" }, (await db.Instances.SingleAsync(Ct)).Tags);
        Assert.Equal(
            """{"env": "test"}""",
            (await db.AuditEntries.Where(row => row.Action == "CreateTags").OrderBy(row => row.Id).LastAsync(Ct)).Before
        );
    }

    [Fact]
    public async Task Tags_that_are_saved_as_they_are_leave_no_trace_and_the_audit_tells_of_those_that_differ()
    {
        var (ada, id) = await AnInstanceAsync();
        var tags = Enumerable
            .Range(1, Tags.MaxCount)
            .ToDictionary(n => $"{n}-{new string('ä', 100)}", _ => new string('ü', Tags.MaxValue), StringComparer.Ordinal);
        var save = new TagInstance(this, TimeProvider.System);
        Assert.True((await save.RunAsync(ada, id, tags, Ct)).IsDone);
        Assert.True((await save.RunAsync(ada, id, tags, Ct)).IsDone);
        tags[tags.Keys.First()] = "new";
        Assert.True((await save.RunAsync(ada, id, tags, Ct)).IsDone);

        await using var db = CreateDbContext();
        var rows = await db.AuditEntries.Where(row => row.Action == "CreateTags").OrderBy(row => row.Id).ToListAsync(Ct);
        Assert.Equal(2, rows.Count);
        Assert.InRange(rows[1].Before!.Length + rows[1].After!.Length, 1, 1000);
    }

    [Fact]
    public async Task A_terminated_instance_keeps_the_tags_it_had()
    {
        var (ada, id) = await AnInstanceAsync();
        Assert.True((await new ChangeInstance(this, TimeProvider.System).RunAsync(ada, InstanceAction.Terminate, id, Ct)).Outcome.IsDone);
        Assert.False(
            (
                await new TagInstance(this, TimeProvider.System).RunAsync(ada, id, new Dictionary<string, string> { ["env"] = "test" }, Ct)
            ).IsDone
        );
    }

    [Fact]
    public async Task A_script_that_changes_without_end_is_told_to_wait_and_only_its_account_is()
    {
        var clock = new FakeTimeProvider(AnAccount.Now);
        var (ada, id) = await AnInstanceAsync();
        var (bob, other) = await AnInstanceAsync();
        var save = new TagInstance(this, clock);
        for (var time = 0; time < ChangeLimit.MostPerMinute; time++)
        {
            Assert.True((await save.RunAsync(ada, id, new Dictionary<string, string> { ["n"] = $"{time}" }, Ct)).IsDone);
        }

        var next = new Dictionary<string, string> { ["n"] = "next" };
        await Assert.ThrowsAsync<TooManyChangesException>(() => save.RunAsync(ada, id, next, Ct));
        Assert.True((await save.RunAsync(bob, other, next, Ct)).IsDone);
        Assert.True((await new EditInstance(this, clock).WriteNotesAsync(ada, id, "Another kind.", Ct)).IsDone);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True((await save.RunAsync(ada, id, next, Ct)).IsDone);
    }

    private async Task<(Actor Actor, string Id)> AnInstanceAsync()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var made = await new CreateInstance(this, TimeProvider.System).RunAsync(
            actor,
            AnAccount.Wish(await AnAccount.ImageAsync(this)),
            Ct
        );
        return (actor, made.Value![0].Id);
    }
}
