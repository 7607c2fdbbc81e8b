using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Worker.Networking;

/// <summary>Makes the engine hold what the database says of a private network: its members and their rules; nothing when it has none.</summary>
public sealed class PrivateNetworks(IComputeEngine engine)
{
    public async Task EnsureAsync(PortalDb db, string networkId, CancellationToken ct)
    {
        // Read and applied under one lock: else an older list of members could be applied after a newer one.
        await using var lease = await Lease.TakeAsync(db, networkId, ct);
        if (await SpecAsync(db, networkId, ct) is { Members.Count: > 0 } spec)
        {
            await engine.EnsureNetworkAsync(spec, ct);
        }
        else
        {
            await engine.RemoveNetworkAsync(networkId, ct);
        }
    }

    private static async Task<NetworkSpec> SpecAsync(PortalDb db, string networkId, CancellationToken ct)
    {
        var network = await db.Networks.AsNoTracking().Include(network => network.Subnets).SingleAsync(network => network.Id == networkId, ct);
        var groups = await db.SecurityGroups.AsNoTracking().Include(group => group.Rules).Where(group => group.NetworkId == networkId).ToDictionaryAsync(group => group.Id, StringComparer.Ordinal, ct);
        var instances = await db.Instances.AsNoTracking()
            .Where(instance => instance.NetworkId == networkId && instance.State != InstanceState.Terminated)
            .OrderBy(instance => instance.Id).ToListAsync(ct);
        var subnet = network.Subnets.Single();
        return new NetworkSpec(network.Id, network.AccountId, network.Range, subnet.Range, subnet.Gateway, [.. instances.Select(instance =>
            new NetworkMember(instance.Id, instance.HostName, instance.Address, instance.Mac, [.. groups[instance.SecurityGroupId].Rules.OrderBy(rule => rule.Id).Select(Inbound)]))]);
    }

    private static InboundRule Inbound(SecurityGroupRule rule) => new(rule.Protocol, rule.FromPort, rule.ToPort, rule.Source);
}
