using Microsoft.EntityFrameworkCore;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Networking;

/// <summary>
/// Plugs an interface into its instance, or out: the network knows it before it is in, and until it is out. Can be run at any time, and
/// killed anywhere.
/// </summary>
public sealed partial class InterfaceJob(
    IDbContextFactory<PortalDb> dbs,
    INetworkEngine engine,
    NetworkApplier networks,
    Nudges nudges,
    TimeProvider clock,
    ILogger<InterfaceJob> log
) : IInterfaceJob
{
    public async Task AdvanceAsync(string id, CancellationToken ct)
    {
        using var activity = Telemetry.Source.StartActivity("advance interface");
        activity?.SetTag("interface", id);
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (
            await db.NetworkInterfaces.AsNoTracking().SingleOrDefaultAsync(networkInterface => networkInterface.Id == id, ct)
            is not { IsUnsettled: true, InstanceId: var instanceId }
        )
        {
            return;
        }

        // The instance's own job defines and starts the machine: not both at once.
        await using var lease = await Lease.TryTakeAsync(db, instanceId, ct);
        if (
            lease is null
            || await db
                .NetworkInterfaces.Include(networkInterface => networkInterface.Subnet)
                .SingleOrDefaultAsync(networkInterface => networkInterface.Id == id, ct)
                is not { } networkInterface
        )
        {
            nudges.Soon(id);
            return;
        }

        if (!await TryAsync(db, networkInterface, ct))
        {
            nudges.Soon(id);
        }
    }

    /// <summary>True once it is where it should be.</summary>
    private async Task<bool> TryAsync(PortalDb db, NetworkInterface networkInterface, CancellationToken ct)
    {
        try
        {
            return await (networkInterface.IsDeleting ? DetachAsync(db, networkInterface, ct) : AttachAsync(db, networkInterface, ct));
        }
        catch (EngineException error)
        {
            if (networkInterface.Waiting is null)
            {
                LogEngine(log, networkInterface.Id, error.Fault, error.Detail);
            }

            networkInterface.Wait(error.Fault is EngineFault.Rejected ? WaitingFor.AnotherTry : WaitingFor.Region);
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            // The customer, or the end of its instance, was faster: it is looked at again.
        }

        return false;
    }

    private async Task<bool> AttachAsync(PortalDb db, NetworkInterface networkInterface, CancellationToken ct)
    {
        await networks.EnsureAsync(db, networkInterface.NetworkId, ct);
        await engine.AttachInterfaceAsync(networkInterface.InstanceId, networkInterface.NetworkId, networkInterface.Spec, ct);
        networkInterface.ObserveAttached();
        await db.SaveChangesAsync(ct);
        return true;
    }

    private async Task<bool> DetachAsync(PortalDb db, NetworkInterface networkInterface, CancellationToken ct)
    {
        if (
            !await engine.DetachInterfaceAsync(networkInterface.InstanceId, networkInterface.Spec, ct)
            && !networkInterface.IsUnplugOverdue(clock.GetUtcNow())
        )
        {
            return false;
        }

        // Together with a change of the network, so that it is forgotten there too whatever happens in between.
        await using (var transaction = await db.Database.BeginTransactionAsync(ct))
        {
            (await db.LockNetworkAsync(networkInterface.AccountId, networkInterface.NetworkId, ct))?.Change(clock.GetUtcNow());
            db.NetworkInterfaces.Remove(networkInterface);
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        await networks.EnsureAsync(db, networkInterface.NetworkId, ct);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Interface}: the engine says {Fault}: {Reason}")]
    private static partial void LogEngine(ILogger log, string @interface, EngineFault fault, string reason);
}
