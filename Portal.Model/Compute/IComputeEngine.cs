using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>
/// The engine's contract for instances. Every verb is idempotent: it finds by Portal's id what it made before, creates only what is
/// absent, and returns what it sees. No verb sleeps, retries or knows the database. Failures are <see cref="EngineException"/>.
/// </summary>
public interface IComputeEngine
{
    /// <summary>
    /// Defines the machine with its volumes and its cloud-init seed, brings it to <see cref="InstanceSpec.Power"/> and publishes its port.
    /// Returns at once: a start or a shutdown may still be going on, and <see cref="MachineObservation.IsUnderWay"/> until it is as wanted.
    /// <see cref="EngineFault.Missing"/> while its network or one of its volumes is not there.
    /// </summary>
    Task<MachineObservation> EnsureMachineAsync(InstanceSpec instance, CancellationToken ct);

    /// <summary>What the machine is now, without changing anything; <see cref="MachinePower.Missing"/> if there is none.</summary>
    Task<MachineObservation> ObserveAsync(InstanceSpec instance, CancellationToken ct);

    /// <summary>
    /// A glance at every machine that the engine holds, by its id, in one pass: no guest is asked anything, and it tells less than a look
    /// at one. Who sees in it what was not expected looks at that machine.
    /// </summary>
    Task<IReadOnlyDictionary<string, MachineGlance>> ObserveAllAsync(CancellationToken ct);

    /// <summary>
    /// Removes the machine, its seed, its logs, its published port and its address. Its volumes stay. Nothing there is success.
    /// </summary>
    Task RemoveAsync(InstanceSpec instance, CancellationToken ct);

    /// <summary>Ids of all machines and networks of Portal's that the engine holds, so that orphans are found from either side.</summary>
    Task<EngineInventory> ListAsync(CancellationToken ct);

    /// <summary>What there is and what is free, and how guests run.</summary>
    Task<EngineCapacity> CapacityAsync(CancellationToken ct);

    /// <summary>The file names of the images that are there and may be used.</summary>
    Task<IReadOnlyList<string>> ImagesAsync(CancellationToken ct);

    /// <summary>Fetches an image, checks its SHA-256 and puts it into place whole or not at all.</summary>
    /// <param name="progress">Is told now and then how far it is.</param>
    Task FetchImageAsync(ImageSource source, IProgress<ImageProgress>? progress, CancellationToken ct);

    /// <summary>Opens the graphical (RFB) or text (serial) console of a running machine as a byte stream.</summary>
    Task<Stream> OpenConsoleAsync(string instanceId, ConsoleKind kind, CancellationToken ct);

    /// <summary>
    /// The end of what the guest printed on its serial console, at most <paramref name="maxBytes"/> bytes; empty if there is none.
    /// </summary>
    Task<string> ReadSerialLogAsync(string instanceId, int maxBytes, CancellationToken ct);
}

/// <param name="Power">What is wanted: running or off.</param>
/// <param name="Volumes">What it starts with, its root disk among them. A machine that runs keeps what it has.</param>
/// <param name="Force">Cut the power instead of asking the guest to shut down.</param>
/// <param name="RebootsWanted">
/// How many reboots were asked for in its life; the engine restarts the machine when it has done fewer since its start.
/// </param>
/// <param name="Rescue">
/// Its next start is into the engine's rescue system, from memory; its volumes are attached as ever, and its user data does not run.
/// </param>
/// <param name="Interfaces">
/// The interfaces it starts with, its first one first; none for a machine that is to be removed. One that runs keeps what it has.
/// </param>
/// <param name="PublicPort">Port of the host's loopback that leads to the guest's port 22; null for none.</param>
public sealed record InstanceSpec(
    string Id,
    string AccountId,
    string HostName,
    int Vcpus,
    int MemoryMiB,
    IReadOnlyList<VolumeAttachment> Volumes,
    string SshUser,
    string? PublicKey,
    string? UserData,
    string NetworkId,
    IReadOnlyList<InterfaceSpec> Interfaces,
    int? PublicPort,
    MachinePower Power,
    bool Force,
    int RebootsWanted,
    bool Rescue = false
);

public enum MachinePower
{
    Missing,
    Off,
    Running,

    /// <summary>The engine says that it crashed or cannot go on; <see cref="MachineObservation.Problem"/> tells why.</summary>
    Broken,
}

/// <param name="RebootsDone">The number of reboots that the machine has taken, as asked for in the spec.</param>
/// <param name="SshAnswers">Something at the guest's port 22 sent an SSH banner.</param>
/// <param name="HostKey">The guest's ed25519 host key as read from its serial log.</param>
/// <param name="StoppedByGuest">It is off because the guest shut itself down, not because the host or the engine ended it.</param>
/// <param name="AgentAnswers">The agent inside the guest is connected; see <see cref="IGuestEngine"/>.</param>
/// <param name="IsUnderWay">
/// The engine is still at what it was asked for: what is seen is neither its success nor its failure. To be asked again.
/// </param>
public sealed record MachineObservation(
    MachinePower Power,
    int RebootsDone,
    bool SshAnswers,
    string? HostKey,
    string? Problem,
    bool StoppedByGuest = false,
    bool AgentAnswers = false,
    bool IsUnderWay = false
);

/// <param name="Power">
/// Off also for a moment on the way of a restart, and what is still being made may be off or not be there: a look tells.
/// </param>
public sealed record MachineGlance(MachinePower Power, string? Problem, bool AgentAnswers);

public sealed record EngineInventory(IReadOnlyList<string> InstanceIds, IReadOnlyList<string> NetworkIds);

/// <param name="Virtualization">For the operator: <c>KVM</c>, or <c>TCG</c> and why.</param>
/// <param name="Walls">
/// What stands between guests, in <see cref="GuestWalls"/>' words with commas between them; null where the engine does not say.
/// </param>
/// <param name="GuestsWaiting">Running guests that get theirs at their next stop.</param>
public sealed record EngineCapacity(
    string Virtualization,
    int TotalVcpus,
    int FreeVcpus,
    int TotalMemoryMiB,
    int FreeMemoryMiB,
    int TotalDiskGiB,
    int FreeDiskGiB,
    string? Walls = null,
    int GuestsWaiting = 0
);

public sealed record ImageSource(string FileName, Uri Url, string Sha256);

/// <param name="Total">If the address tells it.</param>
public sealed record ImageProgress(long Fetched, long? Total);

public enum ConsoleKind
{
    Text,
    Graphical,

    /// <summary>
    /// What the guest has printed so far, to read only. Served from <see cref="IComputeEngine.ReadSerialLogAsync"/>, never opened as a
    /// console.
    /// </summary>
    Log,
}
