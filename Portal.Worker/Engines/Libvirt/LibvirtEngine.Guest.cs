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
        var (isOn, account) = await libvirt.CallAsync(session => WhoseAgent(session, EngineFolder.Checked(instanceId)), ct);
        if (account is null)
        {
            throw isOn
                ? new EngineException(EngineFault.Unavailable, "The agent in the guest is not connected.")
                : new EngineException(EngineFault.Missing, $"{instanceId} is not running.");
        }

        using var place =
            agents.TryTake(account) ?? throw new EngineException(EngineFault.Unavailable, "The agents of other guests are being asked.");
        using var agent = await GuestAgent.OpenAsync(folder.Settings().AgentSocket(instanceId), ct);
        await ask(agent);
    }

    /// <summary>
    /// Does something while a guest is quiet, if its agent makes it so; while too many of its account's are being asked it is done as after
    /// a power cut.
    /// </summary>
    /// <returns>Whether the guest was quiet.</returns>
    private async Task<bool> WhileQuietAsync(string machine, Func<Task> work, CancellationToken ct)
    {
        var (_, account) = await libvirt.CallAsync(session => WhoseAgent(session, machine), ct);
        using var place = account is null ? null : agents.TryTake(account);
        using var agent = place is null ? null : await TryOpenAgentAsync(machine, ct);
        if (agent is null)
        {
            await work();
            return false;
        }

        var isFrozen = await agent.TryFreezeAsync(ct);
        try
        {
            await work();
        }
        finally
        {
            await agent.ThawAsync();
        }

        return isFrozen;
    }

    private async Task<GuestAgent?> TryOpenAgentAsync(string machine, CancellationToken ct)
    {
        try
        {
            return await GuestAgent.OpenAsync(folder.Settings().AgentSocket(machine), ct);
        }
        catch (EngineException)
        {
            return null;
        }
    }

    /// <returns>Whether the machine runs, and whose it is if an agent is connected in it.</returns>
    private static (bool IsOn, string? AccountId) WhoseAgent(LibvirtSession session, string machine)
    {
        using var domain = session.Find(machine);
        return domain is null || !domain.State().State.IsOn() ? (false, null)
            : domain.HasAgent() ? (true, domain.Mark(live: true).AccountId)
            : (true, null);
    }
}
