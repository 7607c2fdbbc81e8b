using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Tests.Compute;

/// <summary>Networks in memory: which interfaces they know, not what their rules do to packets.</summary>
public sealed partial class InMemoryEngine
{
    /// <summary>How often a guest must be asked to let go of an interface; null for one that never does.</summary>
    public int? RequestsUntilUnplugged { get; set; } = 1;

    public Task EnsureNetworkAsync(NetworkSpec network, CancellationToken ct) => CallAsync(() => networks[network.Id] = network, ct);

    public Task RemoveNetworkAsync(string networkId, CancellationToken ct) =>
        CallAsync(
            () =>
                machines.Values.Any(machine => machine.Spec.NetworkId == networkId)
                    ? throw new EngineException(EngineFault.Rejected, "A machine is still on the network.")
                    : networks.Remove(networkId),
            ct
        );

    public Task AttachInterfaceAsync(string instanceId, string networkId, InterfaceSpec networkInterface, CancellationToken ct) =>
        CallAsync(
            () =>
                !Knows(networkId, networkInterface)
                    ? throw new EngineException(EngineFault.Missing, $"The network does not know {networkInterface.Id} yet.")
                    : machines.GetValueOrDefault(instanceId) is { Power: MachinePower.Running } machine
                        && machine.Interfaces.Add(networkInterface.Id),
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
