using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>Networks, and the interfaces by which machines hang on them.</summary>
public sealed partial class LibvirtEngine
{
    /// <summary>The router's rules are exchanged in one step, and every packet passes it.</summary>
    public async Task<Applied> EnsureNetworkAsync(NetworkSpec network, CancellationToken ct)
    {
        await routers.EnsureAsync(network, ct);
        return Applied.Enforced;
    }

    public async Task RemoveNetworkAsync(string networkId, CancellationToken ct)
    {
        var users = await libvirt.CallAsync(session => MachinesOn(session, EngineFolder.Checked(networkId)), ct);
        if (users > 0)
        {
            throw new EngineException(EngineFault.Rejected, $"{users} machines are still on the network.");
        }

        await routers.RemoveAsync(networkId, ct);
    }

    public async Task<bool> AttachInterfaceAsync(string instanceId, string networkId, InterfaceSpec networkInterface, CancellationToken ct)
    {
        if (!routers.Has(networkId, [networkInterface]))
        {
            throw new EngineException(EngineFault.Missing, $"The network does not know {networkInterface.Id} yet.");
        }

        return await libvirt.CallAsync(session => Attach(session, EngineFolder.Checked(instanceId), networkId, networkInterface), ct);
    }

    public Task<bool> DetachInterfaceAsync(string instanceId, InterfaceSpec networkInterface, CancellationToken ct) =>
        libvirt.CallAsync(session => Detach(session, EngineFolder.Checked(instanceId), networkInterface), ct);

    public Task<UplinkObservation> UplinkAsync(CancellationToken ct) => routers.UplinkAsync(ct);

    private static bool Attach(LibvirtSession session, string instanceId, string networkId, InterfaceSpec networkInterface)
    {
        using var domain = session.Find(instanceId);
        if (domain is not null && domain.State().State.IsOn() && domain.Interface(networkInterface.Mac) is null)
        {
            domain.Attach(DomainXml.Interface(networkId, networkInterface));
        }

        return true;
    }

    /// <summary>A guest that is booting, or busy, may miss the request: it is made again at each call until the interface is out.</summary>
    private static bool Detach(LibvirtSession session, string instanceId, InterfaceSpec networkInterface)
    {
        using var domain = session.Find(instanceId);
        if (domain is null || !domain.State().State.IsOn() || domain.Interface(networkInterface.Mac) is not { } plugged)
        {
            return true;
        }

        domain.Detach(plugged);
        return false;
    }

    private static int MachinesOn(LibvirtSession session, string networkId) =>
        session
            .List()
            .Count(machine =>
            {
                using var domain = session.Find(machine.Name);
                return string.Equals(domain?.Mark(live: false).NetworkId, networkId, StringComparison.Ordinal);
            });
}
