using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Worker.Operators;

namespace Portal.Worker.Shared;

/// <summary>Something that is not where it should be.</summary>
/// <param name="Late">What to tell the operators if it is past its deadline; null if it is not.</param>
/// <param name="IsToAdvance">Its job has something to do for it now.</param>
public sealed record Unsettled(string Id, string AccountId, string? Late, bool IsToAdvance = true);

/// <summary>
/// Picks up whatever of one kind is not where it should be: lost enqueues, killed workers, engines that were away. Opens an incident for
/// what is past its deadline and closes it when the resource has arrived.
/// </summary>
/// <param name="prefix">Of the kind's ids, e.g. <c>i</c>.</param>
/// <param name="kind">Of its incidents.</param>
public abstract class ResourceSweep(
    string prefix,
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    TimeProvider clock,
    ILogger log,
    string kind = IncidentKinds.Deadline
) : Sweep(TimeSpan.FromSeconds(2), clock, log)
{
    private readonly TimeProvider clock = clock;

    public sealed override async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        var unsettled = await FindAsync(db, now, ct);
        foreach (var resource in unsettled.Where(resource => resource.IsToAdvance))
        {
            nudges.Now(resource.Id);
        }

        var round = new Round();
        await round.EachAsync(
            unsettled.Where(resource => resource.Late is not null),
            resource => resource.Id,
            (resource, token) => Incidents.OpenAsync(db, resource.AccountId, resource.Id, kind, resource.Late!, now, token),
            ct
        );
        var late = unsettled.Where(resource => resource.Late is not null).Select(resource => resource.Id).ToArray();
        await db
            .Incidents.Where(incident =>
                incident.Kind == kind
                && incident.ClosedAt == null
                && incident.ResourceId.StartsWith(prefix + "-")
                && !late.Contains(incident.ResourceId)
            )
            .ExecuteUpdateAsync(incident => incident.SetProperty(closed => closed.ClosedAt, now), ct);
        round.End();
    }

    protected abstract Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct);
}
