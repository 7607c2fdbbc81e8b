using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Billing;

[Trait("Needs", "database")]
public sealed class BilledResourcesTests(TestPostgres postgres) : TestDatabase(postgres)
{
    /// <summary>The ledger has the names of when its spans began; a bill reads as its owner speaks of things.</summary>
    [Fact]
    public async Task What_was_renamed_and_then_terminated_is_called_what_it_was_called_last()
    {
        await using var db = CreateDbContext();
        var (tenant, other) = (await Tenant.AddAsync(db), await Tenant.AddAsync(db, "Grace"));
        var (kept, gone, foreign) = (await tenant.RequestAsync(db), await tenant.RequestAsync(db), await other.RequestAsync(db));
        await db
            .Instances.Where(instance => instance.Id == gone.Id)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(instance => instance.Name, "renamed").SetProperty(instance => instance.State, InstanceState.Terminated),
                TestContext.Current.CancellationToken
            );
        var found = await BilledResources.FindAsync(
            db,
            tenant.Account.Id,
            [kept.Id, gone.Id, foreign.Id],
            TestContext.Current.CancellationToken
        );
        Assert.Equal(
            new Dictionary<string, BilledResource>(StringComparer.Ordinal)
            {
                [kept.Id] = new(kept.Name, Exists: true),
                [gone.Id] = new("renamed", Exists: false),
            },
            found
        );
    }
}
