using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>What the agents inside guests are asked for.</summary>
public sealed partial class LibvirtEngine : IGuestEngine
{
    private readonly AgentSlots agents = new();

    public Task SetPasswordAsync(string instanceId, string user, string hash, CancellationToken ct) =>
        AskAgentAsync(instanceId, agent => agent.SetPasswordAsync(user, hash, ct), ct);

    public Task SetKeyAsync(string instanceId, string user, string publicKey, string? former, CancellationToken ct) =>
        AskAgentAsync(
            instanceId,
            async agent =>
            {
                await agent.AddKeyAsync(user, publicKey, ct);
                if (former is not null)
                {
                    await agent.RemoveKeyAsync(user, former, but: publicKey, ct);
                }
            },
            ct
        );

    private async Task AskAgentAsync(string instanceId, Func<GuestAgent, Task> ask, CancellationToken ct)
    {
        using var agent = await OpenAgentAsync(instanceId, ct);
        await ask(agent);
    }

    private async Task<GuestAgent> OpenAgentAsync(string instanceId, CancellationToken ct)
    {
        var account = await libvirt.CallAsync(session => AccountToAsk(session, EngineFolder.Checked(instanceId)), ct);
        var socket = folder.Settings().AgentSocket(instanceId);
        var place =
            agents.TryTake(account) ?? throw new EngineException(EngineFault.Unavailable, "The agents of other guests are being asked.");
        return await GuestAgent.OpenAsync(socket, place, clock, ct);
    }

    private static string AccountToAsk(LibvirtSession session, string instanceId)
    {
        using var domain = session.Find(instanceId);
        if (domain is null || !domain.State().State.IsOn())
        {
            throw new EngineException(EngineFault.Missing, $"{instanceId} is not running.");
        }

        return HasAgent(domain, instanceId)
            ? domain.Mark(live: true).AccountId
            : throw new EngineException(EngineFault.Unavailable, "The agent in the guest is not connected.");
    }

    /// <summary>
    /// The guest holds the agent's port open. Whether it answers shows only when it is asked. A machine from before libvirt knew nothing of
    /// the agent has another port, which is closed: it gets this one with its next start.
    /// </summary>
    private static bool HasAgent(Domain domain, string instanceId) =>
        domain.HasOpened(EngineFolder.InsideSocket(instanceId, GuestAgent.Port));

    /// <summary>
    /// With the guest's file systems quiet, if its agent makes them so. While too many of its account's are being asked, or where none
    /// answers, it is done all the same.
    /// </summary>
    /// <returns>Whether they were quiet.</returns>
    private async Task<bool> QuietlyAsync(string instanceId, Func<CancellationToken, Task> act, CancellationToken ct)
    {
        using var agent = await TryFreezeAsync(instanceId, ct);
        if (agent is null)
        {
            await act(ct);
            return false;
        }

        // Nothing in the guest can be written meanwhile.
        using var patience = new CancellationTokenSource(GuestAgent.Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        try
        {
            await act(either.Token);
            return true;
        }
        catch (OperationCanceledException error) when (!ct.IsCancellationRequested)
        {
            throw new EngineException(EngineFault.Unavailable, $"{instanceId} was quiet for too long.", error);
        }
        finally
        {
            await agent.ThawAsync();
        }
    }

    private async Task<GuestAgent?> TryFreezeAsync(string instanceId, CancellationToken ct)
    {
        GuestAgent? agent = null;
        try
        {
            agent = await OpenAgentAsync(instanceId, ct);
            await agent.FreezeAsync(ct);
            return agent;
        }
        catch (EngineException)
        {
            agent?.Dispose();
            return null;
        }
        catch
        {
            agent?.Dispose();
            throw;
        }
    }
}
