using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Networking;

/// <summary>
/// Applies what was changed of a network; removes one that is being deleted once its last instance has gone. Can be run at any time, and
/// killed anywhere.
/// </summary>
public sealed class NetworkJob(
    IDbContextFactory<PortalDb> dbs,
    NetworkApplier networks,
    Nudges nudges,
    TimeProvider clock,
    ILogger<NetworkJob> log
) : ResourceJob<Network>(dbs, nudges, clock, log), INetworkJob
{
    protected override async Task<Network?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        await db.Networks.SingleOrDefaultAsync(network => network.Id == id, ct) is { IsUnsettled: true } network ? network : null;

    protected override async Task AdvanceAsync(PortalDb db, Network network, CancellationToken ct)
    {
        var isApplied = await networks.EnsureAsync(db, network.Id, ct);

        // What was applied is in the row by now, but not in what was loaded of it.
        db.ChangeTracker.Clear();
        if (isApplied && network.DeletingSince is not null)
        {
            await DeleteAsync(db, network, ct);
        }
    }

    protected override void WriteDown(Network network, EngineException error) =>
        network.Wait(error.Fault is EngineFault.Unavailable ? WaitingFor.RegionToApply : WaitingFor.AnotherTryToApply);

    /// <summary>Does nothing while an instance is still there.</summary>
    private async Task DeleteAsync(PortalDb db, Network before, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (
            await db.LockNetworkAsync(before.AccountId, before.Id, ct) is not { } network
            || await db.NetworkInterfaces.AnyAsync(networkInterface => networkInterface.NetworkId == network.Id, ct)
        )
        {
            return;
        }

        var groups = db.SecurityGroups.Where(group => group.NetworkId == network.Id);
        await db.SecurityGroupRules.Where(rule => groups.Any(group => group.Id == rule.SecurityGroupId)).ExecuteDeleteAsync(ct);
        await groups.ExecuteDeleteAsync(ct);
        await db.Subnets.Where(subnet => subnet.NetworkId == network.Id).ExecuteDeleteAsync(ct);
        network.ObserveDeleted(Now);
        await Meter.RecordAsync(db, network, [], Now, ct);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
    }
}
