using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Compute;

public sealed class InstanceSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<InstanceSweep> log
) : ResourceSweep("i", dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        // IsUnsettled, as SQL: every instance that it holds for is among these.
        var candidates = await db
            .Instances.AsNoTracking()
            .Where(instance =>
                instance.RegionId == region.Id
                && instance.State != InstanceState.Terminated
                && (
                    instance.Deadline != null
                    || (
                        instance.State != InstanceState.Running
                        && instance.State != InstanceState.Stopped
                        && instance.State != InstanceState.Failed
                    )
                    || (
                        instance.State == InstanceState.Running
                        && (instance.Goal != InstanceGoal.Running || instance.RebootsWanted != instance.RebootsDone)
                    )
                    || (instance.State == InstanceState.Stopped && instance.Goal != InstanceGoal.Stopped)
                    || (instance.State == InstanceState.Failed && instance.Goal == InstanceGoal.Terminated)
                )
            )
            .ToListAsync(ct);
        return
        [
            .. candidates
                .Where(instance => instance.IsUnsettled)
                .Select(instance => new Unsettled(instance.Id, instance.AccountId, Late(instance, now))),
        ];
    }

    /// <summary>One that runs, and is not to be restarted, is only waited for until its ssh answers, which it need not.</summary>
    private static string? Late(Instance instance, DateTimeOffset now) =>
        instance.Deadline >= now || instance.Deadline is null ? null
        : instance.IsRebooting && instance.Goal is InstanceGoal.Running
            ? $"{instance.Id} should have been restarted{(instance.IsRescue ? " into rescue" : "")} by {instance.Deadline:u}. {instance.Waiting}"
        : instance.State is InstanceState.Running ? null
        : $"{instance.Id} is {instance.Status} and should have been {instance.Goal.ToString().ToLowerInvariant()} by {instance.Deadline:u}. {instance.Waiting}";
}
