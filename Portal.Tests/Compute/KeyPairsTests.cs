using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
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
        Assert.Equal("This key is among yours already, as “laptop”.", (await Pairs.ImportAsync(ada, "other", AnAccount.Ed25519, Ct)).Reason);
        Assert.Equal("You have a key named “laptop” already.", (await Pairs.ImportAsync(ada, "laptop", AnAccount.Ed25519, Ct)).Reason);
        Assert.Contains("private key", (await Pairs.ImportAsync(ada, "third", "-----BEGIN OPENSSH PRIVATE KEY-----", Ct)).Reason, StringComparison.Ordinal);
        Assert.Null((await Pairs.ImportAsync(await AnAccount.ReadyAsync(this), "laptop", AnAccount.Ed25519, Ct)).Reason);
    }

    [Fact]
    public async Task Deleting_is_told_in_the_audit_and_leaves_instances_their_key()
    {
        var ada = await AnAccount.ReadyAsync(this);
        var made = (await new CreateInstance(this, TimeProvider.System).RunAsync(ada, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)).Value![0];
        Assert.False((await Pairs.DeleteAsync(await AnAccount.ReadyAsync(this), made.KeyPairId!, Ct)).IsDone);

        Assert.True((await Pairs.DeleteAsync(ada, made.KeyPairId!, Ct)).IsDone);

        await using var db = CreateDbContext();
        Assert.Equal(AnAccount.Ed25519, (await db.Instances.SingleAsync(Ct)).PublicKey);
        Assert.True(await db.AuditEntries.AnyAsync(row => row.Action == "DeleteKeyPair" && row.ResourceId == made.KeyPairId && row.Actor == ada.Email, Ct));
    }

    [Fact]
    public async Task Tags_are_replaced_and_told_in_the_audit()
    {
        var ada = await AnAccount.ReadyAsync(this);
        var tags = new TagInstance(this, TimeProvider.System);
        var made = (await new CreateInstance(this, TimeProvider.System).RunAsync(ada, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)).Value![0];
        Assert.True((await tags.RunAsync(ada, made.Id, new Dictionary<string, string> { ["env"] = "test" }, Ct)).IsDone);
        Assert.True((await tags.RunAsync(ada, made.Id, new Dictionary<string, string> { ["team"] = "blue" }, Ct)).IsDone);
        Assert.False((await tags.RunAsync(await AnAccount.ReadyAsync(this), made.Id, new Dictionary<string, string>(), Ct)).IsDone);
        Assert.False((await tags.RunAsync(ada, made.Id, new Dictionary<string, string> { [""] = "x" }, Ct)).IsDone);

        await using var db = CreateDbContext();
        Assert.Equal(new Dictionary<string, string> { ["team"] = "blue" }, (await db.Instances.SingleAsync(Ct)).Tags);
        Assert.Equal("""{"env": "test"}""", (await db.AuditEntries.Where(row => row.Action == "CreateTags").OrderBy(row => row.Id).LastAsync(Ct)).Before);
    }
}
