using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// Deletes a network: alone while nothing is in it, or with all that is. Its instances are terminated then, its public addresses stay the
/// account's, its peerings end; the worker removes it when the last instance has gone.
/// </summary>
public sealed class DeleteNetwork(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <returns>The instances that now go.</returns>
    public Task<Outcome<IReadOnlyList<Instance>>> RunAsync(Actor actor, string id, bool withContents, CancellationToken ct) =>
        dbs.ChangeAsync<IReadOnlyList<Instance>>(
            actor,
            async (db, _) =>
            {
                var contents = await NetworkContents.OfAsync(db, actor.AccountId, id, ct);
                if ((withContents ? Refusal.State(contents.WhyNotTake) : Refusal.InUse(contents.WhyNotAlone)) is { } refusal)
                {
                    return refusal;
                }

                // Instances before their network, as everywhere.
                var instances = await db.LockInstancesAsync(actor.AccountId, [.. contents.Instances.Select(instance => instance.Id)], ct);
                return await db.LockNetworkAsync(actor.AccountId, id, ct) switch
                {
                    null => NetworkChange.NoNetwork,
                    { WhyNotChange: { } reason } => Refusal.State(reason),
                    var network => await DeleteAsync(db, actor, network, instances, ct),
                };
            },
            ct
        );

    private async Task<Outcome<IReadOnlyList<Instance>>> DeleteAsync(
        PortalDb db,
        Actor actor,
        Network network,
        List<Instance> instances,
        CancellationToken ct
    )
    {
        var now = clock.GetUtcNow();
        var going = new List<Instance>();
        foreach (var instance in instances)
        {
            var before = new { instance.Status };
            if (instance.RequestTerminate(now).IsDone)
            {
                going.Add(instance);
                db.AuditEntries.Add(
                    actor.Audit(now, "TerminateInstances", instance.Id, before, new { instance.Status, With = network.Id })
                );
                await InstanceMeter.RecordAsync(db, instance, now, ct);
            }
        }

        foreach (
            var address in await db
                .PublicAddresses.Where(address =>
                    address.AccountId == actor.AccountId && address.NetworkId == network.Id && address.InterfaceId != null
                )
                .ToListAsync(ct)
        )
        {
            db.AuditEntries.Add(
                actor.Audit(now, "DisassociateAddress", address.Id, new { Interface = address.InterfaceId }, new { With = network.Id })
            );
            address.Dissociate();
        }

        foreach (
            var peering in await db
                .Peerings.Where(peering =>
                    peering.AccountId == actor.AccountId && (peering.NetworkId == network.Id || peering.PeerNetworkId == network.Id)
                )
                .ToListAsync(ct)
        )
        {
            await Peerings.RemoveAsync(db, actor, peering, network, now, ct);
        }

        network.RequestDelete(now);
        db.AuditEntries.Add(
            actor.Audit(
                now,
                "DeleteVpc",
                network.Id,
                new { network.Name, Range = $"{network.Range}" },
                going.Count == 0 ? null : new { Terminated = going.Select(instance => instance.Id) }
            )
        );
        return going;
    }
}
