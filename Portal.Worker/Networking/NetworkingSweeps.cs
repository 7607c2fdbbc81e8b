using Microsoft.EntityFrameworkCore;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Networking;

/// <summary>Networks that the engine has not followed yet, or that are to go.</summary>
public sealed class NetworkSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<NetworkSweep> log
) : ResourceSweep("vpc", dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var behind = await db
            .Networks.AsNoTracking()
            .Where(network =>
                network.RegionId == region.Id
                && network.DeletedAt == null
                && (network.AppliedGeneration < network.Generation || network.DeletingSince != null)
            )
            .ToListAsync(ct);
        return [.. behind.Select(network => new Unsettled(network.Id, network.AccountId, Late(network, now)))];
    }

    private static string? Late(Network network, DateTimeOffset now) =>
        network switch
        {
            { DeletingSince: { } since } when since + Network.DeleteLimit < now =>
                $"{network.Id} should have been deleted by {since + Network.DeleteLimit:u}. {network.Waiting}",
            { IsApplied: false, ChangedAt: { } changed } when changed + Network.ApplyLimit < now =>
                $"{network.Id} was changed at {changed:u}, and the engine has not followed. {network.Waiting}",
            _ => null,
        };
}

/// <summary>Interfaces that are on their way in or out.</summary>
public sealed class InterfaceSweep(
    IDbContextFactory<PortalDb> dbs,
    Nudges nudges,
    RegionName region,
    TimeProvider clock,
    ILogger<InterfaceSweep> log
) : ResourceSweep("eni", dbs, nudges, clock, log)
{
    protected override async Task<IReadOnlyList<Unsettled>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var under = await db
            .NetworkInterfaces.AsNoTracking()
            .Where(networkInterface =>
                networkInterface.State != InterfaceState.InUse
                && db.Networks.Any(network => network.Id == networkInterface.NetworkId && network.RegionId == region.Id)
            )
            .ToListAsync(ct);
        return
        [
            .. under.Select(networkInterface => new Unsettled(
                networkInterface.Id,
                networkInterface.AccountId,
                networkInterface.Deadline < now
                    ? $"{networkInterface.Id} of {networkInterface.InstanceId} is {networkInterface.Status} and should have been done by {networkInterface.Deadline:u}. {networkInterface.Waiting}"
                    : null
            )),
        ];
    }
}
