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
public sealed partial class NetworkJob(
    IDbContextFactory<PortalDb> dbs,
    NetworkApplier networks,
    Nudges nudges,
    TimeProvider clock,
    ILogger<NetworkJob> log
) : INetworkJob
{
    public async Task AdvanceAsync(string id, CancellationToken ct)
    {
        using var activity = Telemetry.Source.StartActivity("advance network");
        activity?.SetTag("network", id);
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.Networks.AsNoTracking().SingleOrDefaultAsync(network => network.Id == id, ct) is not { IsUnsettled: true } network)
        {
            return;
        }

        try
        {
            await networks.EnsureAsync(db, id, ct);
            if (network.DeletingSince is not null && !await DeleteAsync(db, network, ct))
            {
                nudges.Soon(id);
            }
        }
        catch (EngineException error)
        {
            if (network.Waiting is null)
            {
                LogEngine(log, id, error.Fault, error.Detail);
            }

            var sentence = error.Fault is EngineFault.Unavailable ? WaitingFor.RegionToApply : WaitingFor.AnotherTryToApply;
            await db
                .Networks.Where(row => row.Id == id && row.Waiting != sentence)
                .ExecuteUpdateAsync(row => row.SetProperty(waiting => waiting.Waiting, sentence), ct);
            nudges.Soon(id);
        }
    }

    /// <summary>True once nothing of it is left; false while an instance is still there.</summary>
    private async Task<bool> DeleteAsync(PortalDb db, Network before, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await db.LockNetworkAsync(before.AccountId, before.Id, ct) is not { } network)
        {
            return true;
        }

        if (await db.NetworkInterfaces.AnyAsync(networkInterface => networkInterface.NetworkId == network.Id, ct))
        {
            return false;
        }

        var groups = db.SecurityGroups.Where(group => group.NetworkId == network.Id);
        await db.SecurityGroupRules.Where(rule => groups.Any(group => group.Id == rule.SecurityGroupId)).ExecuteDeleteAsync(ct);
        await groups.ExecuteDeleteAsync(ct);
        await db.Subnets.Where(subnet => subnet.NetworkId == network.Id).ExecuteDeleteAsync(ct);
        network.ObserveDeleted(clock.GetUtcNow());
        await Meter.RecordAsync(db, network, [], clock.GetUtcNow(), ct);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Network}: the engine says {Fault}: {Reason}")]
    private static partial void LogEngine(ILogger log, string network, EngineFault fault, string reason);
}
