using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Tests.Compute;

/// <summary>Networks in memory: which cards they know, not what their rules do to packets.</summary>
public sealed partial class InMemoryEngine
{
    /// <summary>How often a guest must be asked to let go of a card; null for one that never does.</summary>
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

    public Task AttachInterfaceAsync(string instanceId, string networkId, InterfaceSpec card, CancellationToken ct) =>
        CallAsync(
            () =>
                !Knows(networkId, card)
                    ? throw new EngineException(EngineFault.Missing, $"The network does not know {card.Id} yet.")
                    : machines.GetValueOrDefault(instanceId) is { Power: MachinePower.Running } machine && machine.Cards.Add(card.Id),
            ct
        );

    public Task<bool> DetachInterfaceAsync(string instanceId, InterfaceSpec card, CancellationToken ct) =>
        CallAsync(
            () =>
            {
                if (
                    machines.GetValueOrDefault(instanceId) is not { Power: MachinePower.Running } machine
                    || !machine.Cards.Contains(card.Id)
                )
                {
                    return true;
                }

                machine.UntilUnplugged = (machine.UntilUnplugged ?? RequestsUntilUnplugged) - 1;
                if (machine.UntilUnplugged <= 0)
                {
                    machine.Cards.Remove(card.Id);
                    machine.UntilUnplugged = null;
                }

                return false;
            },
            ct
        );

    /// <summary>What the operator has given it.</summary>
    public UplinkObservation Uplink { get; set; } = new(IsConnected: false, null);

    public Task<UplinkObservation> UplinkAsync(CancellationToken ct) => CallAsync(() => Uplink, ct);

    private bool Knows(string networkId, InterfaceSpec card) =>
        networks.GetValueOrDefault(networkId)?.Members.Any(member => member.InterfaceId == card.Id) is true;
}
