using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>What the agents inside guests are asked for.</summary>
public sealed partial class LibvirtEngine : IGuestEngine
{
    /// <summary>Agents asked at one time. One that never answers holds a place of libvirt's until its time is over, and guests may have such agents on purpose.</summary>
    private const int AgentsAtOnce = 2;

    private int agentsAsked;

    public Task SetPasswordAsync(string instanceId, string user, string hash, CancellationToken ct) => AskAgentAsync(instanceId, domain => domain.SetPassword(user, hash), ct);

    public Task SetKeyAsync(string instanceId, string user, string publicKey, string? former, CancellationToken ct) => AskAgentAsync(
        instanceId,
        domain =>
        {
            domain.AddKey(user, publicKey);
            if (former is not null)
            {
                domain.RemoveKey(user, former, but: publicKey);
            }
        },
        ct);

    private Task<bool> AskAgentAsync(string instanceId, Action<Domain> ask, CancellationToken ct) => libvirt.CallAsync(
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

            try
            {
                if (Interlocked.Increment(ref agentsAsked) > AgentsAtOnce)
                {
                    throw new EngineException(EngineFault.Unavailable, "The agents of other guests are being asked.");
                }

                ask(domain);
                return true;
            }
            finally
            {
                Interlocked.Decrement(ref agentsAsked);
            }
        },
        ct);

    /// <summary>Makes a guest quiet if its agent does so; while others' agents are being asked the copy is as after a power cut.</summary>
    private bool TryFreeze(Domain domain)
    {
        try
        {
            return Interlocked.Increment(ref agentsAsked) <= AgentsAtOnce && domain.TryFreeze();
        }
        finally
        {
            Interlocked.Decrement(ref agentsAsked);
        }
    }
}
