using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>What an instance costs in the state in which it was observed.</summary>
public static class InstanceMeter
{
    /// <summary>
    /// What costs money now: compute only while it runs and is to run, and not while its host keeps it from it. From the moment at which
    /// its customer asks it to stop, computing is not billed, however long that takes. Its volumes are billed for themselves.
    /// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
    /// </summary>
    public static IEnumerable<(string Sku, decimal Quantity)> Billed(Instance instance)
    {
        if (instance is { State: InstanceState.Running, Goal: InstanceGoal.Running, Stalled: null })
        {
            yield return ($"instance.{instance.SizeId}", 1);
        }
    }

    /// <summary>
    /// After a look at the engine. What no longer runs although it should stopped at some time after it was last seen at work: from the
    /// last round of the region's patrol on nothing is charged, however long its host was away since.
    /// </summary>
    public static async Task RecordObservedAsync(PortalDb db, Instance instance, DateTimeOffset now, CancellationToken ct)
    {
        var since = Billed(instance).Any()
            ? now
            : await db
                .Patrols.Where(patrol => patrol.RegionId == instance.RegionId && patrol.At < now)
                .MaxAsync(patrol => (DateTimeOffset?)patrol.At, ct)
                ?? now;
        await RecordAsync(db, instance, since, ct);
    }

    public static Task RecordAsync(PortalDb db, Instance instance, DateTimeOffset now, CancellationToken ct) =>
        Meter.RecordAsync(db, instance, [.. Billed(instance)], now, ct);
}
