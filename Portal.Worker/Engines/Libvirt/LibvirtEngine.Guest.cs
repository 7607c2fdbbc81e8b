using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>What the agents inside guests are asked for.</summary>
public sealed partial class LibvirtEngine : IGuestEngine
{
    private readonly AgentSlots agents = new();

    public Task SetPasswordAsync(string instanceId, string user, string hash, CancellationToken ct) =>
        AskAgentAsync(instanceId, domain => domain.SetPassword(user, hash), ct);

    public Task SetKeyAsync(string instanceId, string user, string publicKey, string? former, CancellationToken ct) =>
        AskAgentAsync(
            instanceId,
            domain =>
            {
                domain.AddKey(user, publicKey);
                if (former is not null)
                {
                    domain.RemoveKey(user, former, but: publicKey);
                }
            },
            ct
        );

    private Task<bool> AskAgentAsync(string instanceId, Action<Domain> ask, CancellationToken ct) =>
        asking.CallAsync(
            session =>
            {
                using var domain = session.Find(EngineFolder.Checked(instanceId));
                if (domain is null || !domain.State().State.IsOn())
                {
                    throw new EngineException(EngineFault.Missing, $"{instanceId} is not running.");
                }

                if (!domain.HasAgent())
                {
                    throw new EngineException(EngineFault.Unavailable, "The agent in the guest is not connected.");
                }

                using var place =
                    agents.TryTake(domain.Mark(live: true).AccountId)
                    ?? throw new EngineException(EngineFault.Unavailable, "The agents of other guests are being asked.");
                ask(domain);
                return true;
            },
            ct
        );

    /// <summary>
    /// Makes a guest quiet if its agent does so; while too many of its account's are being asked the copy is as after a power cut.
    /// </summary>
    private bool TryFreeze(Domain domain)
    {
        using var place = agents.TryTake(domain.Mark(live: true).AccountId);
        return place is not null && domain.TryFreeze();
    }
}
