using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Monitoring;

/// <summary>
/// Once a minute looks at all machines of the region at once, writes down what each used since the last look, and checks the alerts.
/// Counters are kept in this process: after a start, or when the engine was away, two looks a few seconds apart make the first sample.
/// </summary>
public sealed class MetricsPass(
    IDbContextFactory<PortalDb> dbs,
    IMetricsEngine engine,
    MetricHistory history,
    AlertCheck alerts,
    RegionName region,
    TimeProvider clock,
    ILogger<MetricsPass> log
) : Sweep(Interval, clock, log)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>An older look says nothing of a single minute any more.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(150);

    private readonly TimeProvider clock = clock;
    private Look? last;
    private DateTimeOffset? written;

    public override async Task SweepAsync(CancellationToken ct)
    {
        // A look is written down for the minute that lies behind it.
        var minute = MetricResolution.Minute.StartOf(clock.GetUtcNow()) - MetricResolution.Minute.Length;
        if (written == minute)
        {
            return;
        }

        try
        {
            var look = new Look(
                clock.GetTimestamp(),
                (await engine.CountersAsync(ct)).ToDictionary(machine => machine.InstanceId, StringComparer.Ordinal)
            );
            var before = last;
            last = look;
            if (
                before is not null
                && clock.GetElapsedTime(before.Timestamp, look.Timestamp) is var elapsed
                && elapsed > TimeSpan.Zero
                && elapsed <= Fresh
            )
            {
                await WriteAsync(Between(before, look, elapsed), minute, ct);
                written = minute;
            }
        }
        catch (EngineException)
        {
            // RegionPatrol says so to the operators; the charts show a gap.
        }
    }

    private async Task WriteAsync(
        IEnumerable<(string InstanceId, string ResourceId, Usage Usage)> used,
        DateTimeOffset minute,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var accounts = await db
            .Instances.Where(instance => instance.RegionId == region.Id && instance.State == InstanceState.Running)
            .ToDictionaryAsync(instance => instance.Id, instance => instance.AccountId, StringComparer.Ordinal, ct);
        await MetricHistory.WriteAsync(
            db,
            [
                .. used.Where(one => accounts.ContainsKey(one.InstanceId))
                    .Select(one => (accounts[one.InstanceId], one.ResourceId, one.Usage)),
            ],
            minute,
            ct
        );
        await history.TidyAsync(db, clock.GetUtcNow(), ct);
        await alerts.RunAsync(db, minute, ct);
    }

    private static IEnumerable<(string InstanceId, string ResourceId, Usage Usage)> Between(Look before, Look now, TimeSpan elapsed)
    {
        foreach (var (id, machine) in now.Machines)
        {
            if (!before.Machines.TryGetValue(id, out var old))
            {
                continue;
            }

            yield return (id, id, Usage.Of(old, machine, elapsed));
            foreach (
                var (disk, usage) in Usage
                    .Disks(old, machine, elapsed)
                    .Where(disk => disk.Disk.StartsWith("vol-", StringComparison.Ordinal))
            )
            {
                yield return (id, disk, usage);
            }
        }
    }

    private sealed record Look(long Timestamp, Dictionary<string, MachineCounters> Machines);
}
