using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Tests.Compute;

/// <summary>Networks in memory: which interfaces they know, not what their rules do to packets.</summary>
public sealed partial class InMemoryEngine
{
    /// <summary>How often a guest must be asked to let go of an interface; null for one that never does.</summary>
    public int? RequestsUntilUnplugged { get; set; } = 1;

    private readonly Dictionary<string, int> untilApplied = new(StringComparer.Ordinal);

    /// <summary>What it can promise of a network that it holds.</summary>
    public Applied Promise { get; set; } = Applied.Enforced;

    public Task<Applied> EnsureNetworkAsync(NetworkSpec network, CancellationToken ct) =>
        CallAsync(
            () =>
            {
                if (!networks.ContainsKey(network.Id))
                {
                    var left = untilApplied.GetValueOrDefault(network.Id, ObservationsUntilReady);
                    untilApplied[network.Id] = left - 1;
                    if (left > 0)
                    {
                        return Applied.UnderWay;
                    }
                }

                untilApplied.Remove(network.Id);
                networks[network.Id] = network;
                return Promise;
            },
            ct
        );

    public Task RemoveNetworkAsync(string networkId, CancellationToken ct) =>
        CallAsync(
            () =>
                machines.Values.Any(machine => machine.Spec.NetworkId == networkId)
                    ? throw new EngineException(EngineFault.Rejected, "A machine is still on the network.")
                    : networks.Remove(networkId),
            ct
        );

    public Task<bool> AttachInterfaceAsync(string instanceId, string networkId, InterfaceSpec networkInterface, CancellationToken ct) =>
        CallAsync(
            () =>
            {
                if (!Knows(networkId, networkInterface))
                {
                    throw new EngineException(EngineFault.Missing, $"The network does not know {networkInterface.Id} yet.");
                }

                // Where it takes its time, it is in once it is asked for again.
                return machines.GetValueOrDefault(instanceId) is not { Power: MachinePower.Running } machine
                    || !machine.Interfaces.Add(networkInterface.Id)
                    || ObservationsUntilReady == 0;
            },
            ct
        );

    public Task<bool> DetachInterfaceAsync(string instanceId, InterfaceSpec networkInterface, CancellationToken ct) =>
        CallAsync(
            () =>
            {
                if (
                    machines.GetValueOrDefault(instanceId) is not { Power: MachinePower.Running } machine
                    || !machine.Interfaces.Contains(networkInterface.Id)
                )
                {
                    return true;
                }

                machine.UntilUnplugged = (machine.UntilUnplugged ?? RequestsUntilUnplugged) - 1;
                if (machine.UntilUnplugged <= 0)
                {
                    machine.Interfaces.Remove(networkInterface.Id);
                    machine.UntilUnplugged = null;
                }

                return false;
            },
            ct
        );

    /// <summary>What the operator has given it.</summary>
    public UplinkObservation Uplink { get; set; } = new(IsConnected: false, null);

    public Task<UplinkObservation> UplinkAsync(CancellationToken ct) => CallAsync(() => Uplink, ct);

    private bool Knows(string networkId, InterfaceSpec networkInterface) =>
        networks.GetValueOrDefault(networkId)?.Members.Any(member => member.InterfaceId == networkInterface.Id) is true;
}
