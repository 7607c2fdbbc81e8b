using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Worker.Networking;

/// <summary>
/// Makes the engine hold what the database says of a private network: its members and their rules; nothing when it has none.
/// </summary>
public sealed class NetworkApplier(INetworkEngine engine, TimeProvider clock)
{
    /// <summary>False while the engine is still at it: the network stays unsettled, and it is asked again.</summary>
    public async Task<bool> EnsureAsync(PortalDb db, string networkId, CancellationToken ct)
    {
        // Read and applied under one lock: else an older list of members could be applied after a newer one.
        await using var lease = await Lease.TakeAsync(db, networkId, ct);

        // The generation first: what is changed while the rest is read belongs to a later one, and is applied again.
        var network = await db
            .Networks.AsNoTracking()
            .Include(network => network.Subnets)
            .SingleAsync(network => network.Id == networkId, ct);
        var spec = await NetworkReading.SpecAsync(db, network, ct);
        if (await ApplyAsync(spec, ct) is Applied.UnderWay)
        {
            return false;
        }

        if (!network.IsApplied || network.Waiting is not null)
        {
            await WriteDownAsync(db, network, ct);
        }

        return true;
    }

    private async Task<Applied> ApplyAsync(NetworkSpec spec, CancellationToken ct)
    {
        if (spec.Members.Count > 0)
        {
            return await engine.EnsureNetworkAsync(spec, ct);
        }

        await engine.RemoveNetworkAsync(spec.Id, ct);
        return Applied.Enforced;
    }

    /// <summary>What was applied, and what follows from it. The network's row first: who changes something of it holds that.</summary>
    private async Task WriteDownAsync(PortalDb db, Network network, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db
            .Networks.Where(row => row.Id == network.Id && row.AppliedGeneration <= network.Generation)
            .ExecuteUpdateAsync(
                row =>
                    row.SetProperty(applied => applied.AppliedGeneration, network.Generation)
                        .SetProperty(applied => applied.IsNatOn, network.IsNatWanted)
                        .SetProperty(applied => applied.Waiting, (string?)null),
                ct
            );
        await db
            .SecurityGroups.Where(row => row.NetworkId == network.Id && row.Generation <= network.Generation && row.AppliedAt == null)
            .ExecuteUpdateAsync(row => row.SetProperty(applied => applied.AppliedAt, now), ct);
        await Meter.RecordAsync(db, network, network.IsNatWanted ? [(Skus.Nat, 1m)] : [], now, ct);
        await LetGoOfAddressesAsync(db, network, ct);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>
    /// Public addresses that led here and no longer do: no router serves them now, so those that were released are anybody's.
    /// </summary>
    private static async Task LetGoOfAddressesAsync(PortalDb db, Network network, CancellationToken ct)
    {
        var served = db.PublicAddresses.Where(address =>
            address.NetworkId == network.Id
            && address.InterfaceId == null
            && db.Networks.Any(row => row.Id == network.Id && row.Generation == network.Generation)
        );
        await served.Where(address => address.ReleasedAt != null).ExecuteDeleteAsync(ct);
        await served.ExecuteUpdateAsync(address => address.SetProperty(free => free.NetworkId, (string?)null), ct);
    }
}
