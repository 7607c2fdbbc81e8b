using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Compute;

/// <summary>Opens no incidents: a request that its guest does not answer fails by itself.</summary>
public sealed class GuestRequestSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<GuestRequestSweep> log
) : ResourceSweep(GuestRequest.Prefix, dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct) =>
        await db
            .GuestRequests.Where(request => request.RegionId == region.Id && request.State == GuestRequestState.Pending)
            .Select(request => new Unsettled(request.Id, request.AccountId, null))
            .ToListAsync(ct);
}
