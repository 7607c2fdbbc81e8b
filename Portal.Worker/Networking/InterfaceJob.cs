using Microsoft.EntityFrameworkCore;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Networking;

/// <summary>
/// Plugs an interface into its instance, or out: the network knows it before it is in, and until it is out. Can be run at any time, and
/// killed anywhere.
/// </summary>
public sealed class InterfaceJob(
    IDbContextFactory<PortalDb> dbs,
    INetworkEngine engine,
    NetworkApplier networks,
    Nudges nudges,
    TimeProvider clock,
    ILogger<InterfaceJob> log
) : ResourceJob<NetworkInterface>(dbs, nudges, clock, log), IInterfaceJob
{
    protected override async Task<NetworkInterface?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        await db
            .NetworkInterfaces.Include(networkInterface => networkInterface.Subnet)
            .SingleOrDefaultAsync(networkInterface => networkInterface.Id == id, ct)
            is { IsUnsettled: true } networkInterface
            ? networkInterface
            : null;

    /// <summary>The instance's own job defines and starts the machine: not both at once.</summary>
    protected override async Task<bool> TryAsync(PortalDb db, NetworkInterface networkInterface, CancellationToken ct)
    {
        await using var machine = await Lease.TryTakeAsync(db, networkInterface.InstanceId, ct);
        return machine is null || await base.TryAsync(db, networkInterface, ct);
    }

    protected override Task AdvanceAsync(PortalDb db, NetworkInterface networkInterface, CancellationToken ct) =>
        networkInterface.IsDeleting ? DetachAsync(db, networkInterface, ct) : AttachAsync(db, networkInterface, ct);

    protected override void WriteDown(NetworkInterface networkInterface, EngineException error) =>
        networkInterface.Wait(error.Fault is EngineFault.Rejected ? WaitingFor.AnotherTry : WaitingFor.Region);

    private async Task AttachAsync(PortalDb db, NetworkInterface networkInterface, CancellationToken ct)
    {
        if (
            await networks.EnsureAsync(db, networkInterface.NetworkId, ct)
            && await engine.AttachInterfaceAsync(networkInterface.InstanceId, networkInterface.NetworkId, networkInterface.Spec, ct)
        )
        {
            networkInterface.ObserveAttached();
        }
    }

    private async Task DetachAsync(PortalDb db, NetworkInterface networkInterface, CancellationToken ct)
    {
        if (
            !await engine.DetachInterfaceAsync(networkInterface.InstanceId, networkInterface.Spec, ct)
            && !networkInterface.IsUnplugOverdue(Now)
        )
        {
            return;
        }

        // Together with a change of the network, so that it is forgotten there too whatever happens in between.
        await using (var transaction = await db.Database.BeginTransactionAsync(ct))
        {
            (await db.LockNetworkAsync(networkInterface.AccountId, networkInterface.NetworkId, ct))?.Change(Now);
            db.NetworkInterfaces.Remove(networkInterface);
            await SaveAsync(db, networkInterface, ct);
            await transaction.CommitAsync(ct);
        }

        await networks.EnsureAsync(db, networkInterface.NetworkId, ct);
    }
}
