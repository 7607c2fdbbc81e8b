using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

/// <summary>
/// Once a minute: what all buckets hold and what went on in them, for the ledger and the pages; which keys were used; whether the policies
/// still let the limited ones in.
/// </summary>
public sealed class BucketMetering(
    IDbContextFactory<PortalDb> dbs,
    RegionStore stores,
    BucketSizes sizes,
    BucketTrafficLedger traffic,
    KeyUse keys,
    BucketGrantPatrol grants,
    RegionName region,
    TimeProvider clock,
    ILogger<BucketMetering> log
) : Sweep(TimeSpan.FromMinutes(1), clock, log)
{
    public override async Task SweepAsync(CancellationToken ct)
    {
        // One worker at a time: two would write the same hour twice.
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var lease = await Lease.TryTakeAsync(db, $"buckets of {region.Id}", ct);
        if (lease is null)
        {
            return;
        }

        var round = new Round(isOver: error => error is EngineException { Fault: EngineFault.Unavailable });
        try
        {
            var store = await stores.OpenAsync(ct);
            (string What, Func<CancellationToken, Task> Do)[] steps =
            [
                ("Sizes", token => sizes.MeasureAsync(store, token)),
                ("Traffic", token => traffic.RecordAsync(db, store, token)),
                ("Use of keys", keys.ObserveAsync),
                ("Policies", token => grants.MendAsync(store, token)),
            ];
            await round.EachAsync(steps, step => step.What, (step, token) => step.Do(token), ct);
        }
        catch (EngineException error) when (error.Fault is EngineFault.Unavailable)
        {
            // StorePatrol says so to the operators; what was counted meanwhile is still there later.
        }

        round.End();
    }
}
