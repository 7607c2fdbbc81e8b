using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Buckets;

namespace Portal.Tests.Buckets;

/// <summary>A store that does not tell how much room it has is found full by a write on trial.</summary>
[Trait("Needs", "database")]
public sealed class StoreRoomTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private BucketCustomer ada = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        ada = await BucketCustomer.AddAsync(this, Source);
    }

    public override async ValueTask DisposeAsync()
    {
        await ada.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Twice_in_a_row_it_takes_nothing_and_is_full_until_it_takes_something()
    {
        var bucket = await ada.AddBucketAsync();
        ada.Store.Full = "UnknownError (HTTP 500)";
        await SweptUntilAsync(store => store.FullSince is not null);
        var store = await StoreAsync();
        Assert.Equal(("UnknownError (HTTP 500)", null, false), (store.FullReason, store.TookAt, store.IsStoppedByQuota));
        Assert.StartsWith("The object store is full", store.WhyNotUpload, StringComparison.Ordinal);
        Assert.Contains(
            "takes nothing: UnknownError (HTTP 500)",
            Assert.Single(await ada.IncidentsAsync("s3-local")).Message,
            StringComparison.Ordinal
        );

        // It refuses by itself: nobody's quota is touched, and what is there can go.
        await ada.SettleAsync();
        Assert.NotEqual(0, ada.Store.Users[bucket.UserId].MaxBytes);
        ada.Store.Full = null;
        await SweptUntilAsync(store => store.FullSince is null);
        Assert.NotNull((await StoreAsync()).TookAt);
        Assert.All(await ada.IncidentsAsync("s3-local"), incident => Assert.NotNull(incident.ClosedAt));
    }

    [Fact]
    public async Task One_write_that_fails_is_no_verdict()
    {
        ada.Store.FailOnce(nameof(IObjectStore.WhyNotTakingAsync), FaultPoint.Before);
        await SweptUntilAsync(store => store.TookAt is not null);
        Assert.Empty(await ada.IncidentsAsync("s3-local"));
    }

    private async Task SweptUntilAsync(Func<ObjectStore, bool> condition)
    {
        var patrol = ada.Get<StorePatrol>();
        await Until.TrueAsync(async () =>
        {
            await patrol.SweepAsync(Ct);
            ada.Clock.Advance(TimeSpan.FromSeconds(3));
            return condition(await StoreAsync());
        });
    }

    private async Task<ObjectStore> StoreAsync()
    {
        await using var db = CreateDbContext();
        return await db.ObjectStores.AsNoTracking().SingleAsync(Ct);
    }
}
