using System.Collections.Concurrent;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Tests.Compute;

/// <summary>Its guests' agents: what passwords and keys a guest has is kept by the disk that it runs from.</summary>
public sealed partial class InMemoryEngine : IGuestEngine
{
    /// <summary>Whether guests' agents are connected, in every machine that runs.</summary>
    public bool AgentsAnswer { get; set; } = true;

    /// <summary>By root disk and user: the hash of the password.</summary>
    public ConcurrentDictionary<(string Disk, string User), string> Passwords { get; } = new();

    /// <summary>By root disk and user: the keys that open the guest besides the one that it was made with.</summary>
    public ConcurrentDictionary<(string Disk, string User), IReadOnlyList<string>> Keys { get; } = new();

    public Task SetPasswordAsync(string instanceId, string user, string hash, CancellationToken ct) =>
        CallAsync(() => Passwords[(DiskOf(instanceId), user)] = hash, ct);

    public Task SetKeyAsync(string instanceId, string user, string publicKey, string? former, CancellationToken ct) =>
        CallAsync(
            () =>
                Keys.AddOrUpdate(
                    (DiskOf(instanceId), user),
                    [publicKey],
                    (_, keys) => [.. keys.Where(key => key != former && key != publicKey), publicKey]
                ),
            ct
        );

    private string DiskOf(string instanceId) =>
        machines.GetValueOrDefault(instanceId) is not { Power: MachinePower.Running } machine
            ? throw new EngineException(EngineFault.Missing, $"{instanceId} is not running.")
        : !AgentsAnswer ? throw new EngineException(EngineFault.Unavailable, "The agent in the guest is not connected.")
        : machine.Spec.Volumes.Single(volume => volume.IsRoot).Volume.Id;
}
