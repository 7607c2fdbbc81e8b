using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

[Trait("Needs", "database")]
public sealed class CreateInstanceTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new(AnAccount.Now);

    private CreateInstance Create => new(this, clock);

    [Fact]
    public async Task An_instance_gets_an_address_a_port_its_key_and_an_audit_row()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var image = await AnAccount.ImageAsync(this);

        var made = Assert.Single(Done(await Create.RunAsync(actor, AnAccount.Wish(image), Ct)));

        await using var db = CreateDbContext();
        var stored = await db.Instances.SingleAsync(instance => instance.Id == made.Id, Ct);
        Assert.Equal(("amber-falcon", "10.0.0.4", InstanceState.Pending), (stored.Name, stored.Address.ToString(), stored.State));
        Assert.InRange(stored.PublicPort!.Value, 22000, 24999);
        Assert.Equal(AnAccount.Ed25519, stored.PublicKey);
        Assert.Equal("ada@example.com", stored.KeyName);
        Assert.Equal(AnAccount.Now + Instance.StartLimit, stored.Deadline);
        Assert.Equal(
            ["ImportKeyPair", "RunInstances"],
            await db.AuditEntries.Where(row => row.AccountId == actor.AccountId).Select(row => row.Action).Order().ToListAsync(Ct)
        );
    }

    [Fact]
    public async Task Fifty_parallel_creates_against_a_quota_of_ten_give_exactly_ten()
    {
        var actor = await AnAccount.ReadyAsync(this, instanceLimit: 10);
        var image = await AnAccount.ImageAsync(this);

        var outcomes = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => Task.Run(() => Create.RunAsync(actor, AnAccount.Wish(image), Ct)))
        );

        Assert.Equal(10, outcomes.Count(outcome => outcome.IsDone));
        Assert.All(
            outcomes.Where(outcome => !outcome.IsDone),
            outcome => Assert.Contains("Your quota is 10 instances", outcome.Reason, StringComparison.Ordinal)
        );
        await using var db = CreateDbContext();
        var mine = await db.Instances.Where(instance => instance.AccountId == actor.AccountId).ToListAsync(Ct);
        Assert.Equal(10, mine.Count);
        Assert.Equal(10, mine.Select(instance => instance.Address).Distinct().Count());
        Assert.Equal(10, mine.Select(instance => instance.PublicPort).Distinct().Count());
        Assert.Single(await db.KeyPairs.Where(key => key.AccountId == actor.AccountId).ToListAsync(Ct));
    }

    [Fact]
    public async Task One_request_sent_twenty_times_at_once_makes_its_instances_once()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var wish = AnAccount.Wish(await AnAccount.ImageAsync(this), count: 3);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Create.RunAsync(actor, wish, Ct))));

        var ids = Done(outcomes[0]).Select(instance => instance.Id).ToArray();
        Assert.All(outcomes, outcome => Assert.Equal(ids, Done(outcome).Select(instance => instance.Id)));
        await using var db = CreateDbContext();
        Assert.Equal(3, await db.Instances.CountAsync(instance => instance.AccountId == actor.AccountId, Ct));
        Assert.Equal(["amber-falcon-1", "amber-falcon-2", "amber-falcon-3"], Done(outcomes[0]).Select(instance => instance.Name));
    }

    [Fact]
    public async Task The_same_token_of_another_account_is_another_request()
    {
        var image = await AnAccount.ImageAsync(this);
        var (one, two) = (await AnAccount.ReadyAsync(this), await AnAccount.ReadyAsync(this));
        var wish = AnAccount.Wish(image, token: "same");
        var first = Done(await Create.RunAsync(one, wish, Ct))[0];
        var second = Done(await Create.RunAsync(two, wish, Ct))[0];
        Assert.NotEqual(first.Id, second.Id);
        Assert.NotEqual(first.PublicPort, second.PublicPort);
        Assert.Equal(first.Address, second.Address);
    }

    [Fact]
    public async Task Customers_creating_at_once_never_get_the_same_port()
    {
        var image = await AnAccount.ImageAsync(this);
        var actors = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AnAccount.ReadyAsync(this)));
        var outcomes = await Task.WhenAll(
            actors.Select(actor => Task.Run(() => Create.RunAsync(actor, AnAccount.Wish(image, count: 4), Ct)))
        );
        Assert.Equal(32, outcomes.SelectMany(Done).Select(instance => instance.PublicPort).Distinct().Count());
    }

    [Fact]
    public async Task Without_a_confirmed_address_or_a_card_nothing_is_made()
    {
        var image = await AnAccount.ImageAsync(this);
        var unconfirmed = await AnAccount.ReadyAsync(this, confirmed: false);
        var cardless = await AnAccount.ReadyAsync(this, card: false);
        Assert.StartsWith(
            "Confirm your e-mail",
            (await Create.RunAsync(unconfirmed, AnAccount.Wish(image), Ct)).Reason,
            StringComparison.Ordinal
        );
        Assert.Contains("card", (await Create.RunAsync(cardless, AnAccount.Wish(image), Ct)).Reason, StringComparison.OrdinalIgnoreCase);
        await using var db = CreateDbContext();
        Assert.False(await db.KeyPairs.AnyAsync(key => key.AccountId == cardless.AccountId, Ct));
    }

    [Fact]
    public async Task An_expired_card_is_no_card()
    {
        var actor = await AnAccount.ReadyAsync(this);
        clock.SetUtcNow(new DateTimeOffset(2031, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.False((await Create.RunAsync(actor, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)).IsDone);
    }

    [Fact]
    public async Task A_suspended_account_creates_nothing()
    {
        var actor = await AnAccount.ReadyAsync(this);
        await using (var db = CreateDbContext())
        {
            await db
                .Accounts.Where(account => account.Id == actor.AccountId)
                .ExecuteUpdateAsync(set => set.SetProperty(account => account.SuspendedAt, AnAccount.Now), Ct);
        }

        Assert.Contains(
            "suspended",
            (await Create.RunAsync(actor, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)).Reason,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(ImageState.Preparing, 128, "still being prepared")]
    [InlineData(ImageState.Retired, 128, "no longer offered")]
    [InlineData(ImageState.Available, 1024, "needs 1024 MiB")]
    public async Task An_image_that_is_not_ready_or_does_not_fit_is_refused(ImageState state, int memory, string reason)
    {
        var actor = await AnAccount.ReadyAsync(this);
        var image = await AnAccount.ImageAsync(this, state: state, minMemoryMiB: memory);
        Assert.Contains(reason, (await Create.RunAsync(actor, AnAccount.Wish(image), Ct)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_another_account_is_not_there()
    {
        var image = await AnAccount.ImageAsync(this);
        var (one, two) = (await AnAccount.ReadyAsync(this), await AnAccount.ReadyAsync(this));
        var theirs = Done(await Create.RunAsync(one, AnAccount.Wish(image), Ct))[0].KeyPairId;
        Assert.Contains(
            "no such key",
            (await Create.RunAsync(two, AnAccount.Wish(image) with { KeyPairId = theirs, PublicKey = null }, Ct)).Reason,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_full_region_refuses_and_counts_what_does_not_run_yet()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var image = await AnAccount.ImageAsync(this);
        await SetFreeAsync(vcpus: 2, memoryMiB: 4096, diskGiB: 100);
        Done(await Create.RunAsync(actor, AnAccount.Wish(image), Ct));
        Assert.Contains("try fewer", (await Create.RunAsync(actor, AnAccount.Wish(image, count: 2), Ct)).Reason, StringComparison.Ordinal);
        Done(await Create.RunAsync(actor, AnAccount.Wish(image), Ct));
        Assert.Contains(
            "no room for another t1.nano",
            (await Create.RunAsync(actor, AnAccount.Wish(image), Ct)).Reason,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_terminated_instance_gives_back_its_place_in_the_quota_and_its_address()
    {
        var actor = await AnAccount.ReadyAsync(this, instanceLimit: 1);
        var image = await AnAccount.ImageAsync(this);
        var first = Done(await Create.RunAsync(actor, AnAccount.Wish(image), Ct))[0];
        await using (var db = CreateDbContext())
        {
            (await db.Instances.WithParts().SingleAsync(instance => instance.Id == first.Id, Ct)).ObserveRemoved(AnAccount.Now);
            await db.SaveChangesAsync(Ct);
        }

        Assert.Equal(first.Address, Done(await Create.RunAsync(actor, AnAccount.Wish(image), Ct))[0].Address);
    }

    private static IReadOnlyList<Instance> Done(Outcome<IReadOnlyList<Instance>> outcome)
    {
        Assert.Null(outcome.Reason);
        return outcome.Value!;
    }

    private async Task SetFreeAsync(int vcpus, int memoryMiB, int diskGiB)
    {
        await using var db = CreateDbContext();
        var region = await db.Regions.SingleAsync(Ct);
        (region.SeenAt, region.FreeVcpus, region.FreeMemoryMiB, region.FreeDiskGiB) = (AnAccount.Now, vcpus, memoryMiB, diskGiB);
        await db.SaveChangesAsync(Ct);
    }
}
