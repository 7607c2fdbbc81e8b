using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Home;

/// <summary>What the first page shows of an account.</summary>
/// <param name="States">How many instances there are of each state as shown, terminated ones left out.</param>
/// <param name="HasOthers">Something of its own that is neither an instance nor a volume.</param>
/// <param name="PerMonth">US dollars of a whole month if all goes on as it is now.</param>
/// <param name="WhyNoBilling">Why nothing billable can be made, as a sentence; null if it can.</param>
public sealed record Dashboard(
    IReadOnlyDictionary<string, int> States,
    int Volumes,
    int VolumeGiB,
    IReadOnlyList<DashboardInstance> Instances,
    Forecast Forecast,
    decimal PerMonth,
    IReadOnlyList<BillRow> Dearest,
    IReadOnlyList<Concern> Concerns,
    IReadOnlyList<AuditEntry> Events,
    bool HasOthers,
    bool IsConfirmed,
    string? WhyNoBilling
)
{
    private const int MostInstances = 8;
    private const int MostCosts = 5;
    private const int MostEvents = 8;

    /// <summary>A machine that was busy at the last look has no value of the last minute, but of the one before.</summary>
    private static readonly TimeSpan Recently = TimeSpan.FromMinutes(4);

    public int Total => States.Values.Sum();

    public int Running => States.GetValueOrDefault(Instance.Spell(InstanceState.Running));

    /// <summary>Nothing is there yet: the page teaches instead of telling.</summary>
    public bool IsEmpty => Total == 0 && Volumes == 0 && !HasOthers;

    public static async Task<Dashboard> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var account = await db.Accounts.AsNoTracking().SingleAsync(one => one.Id == actor.AccountId, ct);
        var isConfirmed = await db
            .Users.Where(user => user.Id == actor.UserId && user.AccountId == actor.AccountId)
            .Select(user => user.EmailConfirmed)
            .SingleAsync(ct);
        var states = await StatesAsync(db, actor.AccountId, ct);
        var sizes = await db
            .Volumes.Where(volume => volume.AccountId == actor.AccountId && volume.State != VolumeState.Deleted)
            .Select(volume => volume.SizeGiB)
            .ToListAsync(ct);
        var forecast = await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct);
        return new Dashboard(
            states,
            sizes.Count,
            sizes.Sum(),
            await InstancesAsync(db, actor.AccountId, now, ct),
            forecast,
            ResourceCost.MonthOf(forecast.Going, prices, now),
            [.. (await BillRow.LoadAsync(db, actor.AccountId, forecast, ct)).Where(row => row.AtMonthEnd > 0).Take(MostCosts)],
            await Concern.OfAsync(db, account, isConfirmed, now, ct),
            await db
                .AuditEntries.AsNoTracking()
                .Where(entry => entry.AccountId == actor.AccountId)
                .OrderByDescending(entry => entry.Id)
                .Take(MostEvents)
                .ToListAsync(ct),
            await HasOthersAsync(db, actor.AccountId, ct),
            isConfirmed,
            await CardCheck.WhyNoBillingAsync(db, actor.AccountId, now, ct)
        );
    }

    private static Task<bool> HasOthersAsync(PortalDb db, string accountId, CancellationToken ct) =>
        db
            .Accounts.Where(account => account.Id == accountId)
            .Select(account =>
                db.Buckets.Any(bucket => bucket.AccountId == accountId && bucket.State != BucketState.Deleted)
                || db.Snapshots.Any(snapshot => snapshot.AccountId == accountId && snapshot.State != SnapshotState.Deleted)
                || db.PublicAddresses.Any(address => address.AccountId == accountId && address.ReleasedAt == null)
            )
            .SingleAsync(ct);

    private static async Task<IReadOnlyDictionary<string, int>> StatesAsync(PortalDb db, string accountId, CancellationToken ct)
    {
        var counts = await db
            .Instances.Where(instance => instance.AccountId == accountId && instance.State != InstanceState.Terminated)
            .GroupBy(instance => new { instance.State, instance.Goal })
            .Select(group => new
            {
                group.Key.State,
                group.Key.Goal,
                Count = group.Count(),
            })
            .ToListAsync(ct);
        return counts
            .GroupBy(row => Instance.Spell(Instance.StateFor(row.State, row.Goal)), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(row => row.Count), StringComparer.Ordinal);
    }

    /// <summary>What runs or is on its way comes first, and the newest of it.</summary>
    private static Task<List<DashboardInstance>> InstancesAsync(PortalDb db, string accountId, DateTimeOffset now, CancellationToken ct)
    {
        var since = now - Recently;
        return db
            .Instances.AsNoTracking()
            .Where(instance => instance.AccountId == accountId && instance.State != InstanceState.Terminated)
            .OrderBy(instance =>
                instance.State == InstanceState.Running ? 0
                : instance.State == InstanceState.Stopped ? 2
                : 1
            )
            .ThenByDescending(instance => instance.CreatedAt)
            .ThenBy(instance => instance.Id)
            .Take(MostInstances)
            .Select(instance => new DashboardInstance(
                instance.Id,
                instance.Name,
                instance.State,
                instance.Goal,
                instance.SizeId,
                instance.Address.ToString(),
                db.MetricSamples.Where(sample =>
                        sample.AccountId == accountId && sample.ResourceId == instance.Id && sample.Resolution == 1 && sample.At > since
                    )
                    .OrderByDescending(sample => sample.At)
                    .Select(sample => sample.Cpu)
                    .FirstOrDefault()
            ))
            .ToListAsync(ct);
    }
}

/// <param name="Cpu">Percent of the last minute that was measured; null if it was not lately.</param>
public sealed record DashboardInstance(
    string Id,
    string Name,
    InstanceState State,
    InstanceGoal Goal,
    string SizeId,
    string Address,
    float? Cpu
)
{
    public string Status => Instance.Spell(Instance.StateFor(State, Goal));

    /// <summary>What does not run has none, whatever was measured a minute ago.</summary>
    public string? Load => State is InstanceState.Running && Cpu is { } cpu ? Metric.Cpu.Quantity(cpu) : null;
}
