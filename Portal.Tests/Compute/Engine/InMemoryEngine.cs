using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Compute;

/// <summary>
/// An engine that keeps its machines in memory and passes the same contract as the real one. Its guests boot and shut down by being looked
/// at: <see cref="ObservationsUntilSsh"/> and <see cref="ObservationsUntilOff"/> looks take the place of seconds, so that tests need no
/// clock. How it fails is in <c>InMemoryEngine.Faults.cs</c>.
/// </summary>
public sealed partial class InMemoryEngine : IComputeEngine, INetworkEngine, IVolumeEngine
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, NetworkSpec> networks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, InMemoryMachine> machines = new(StringComparer.Ordinal);

    /// <summary>How many observations of a running guest pass before its ssh answers.</summary>
    public int ObservationsUntilSsh { get; set; }

    /// <summary>False before the end of a first boot, which is when cloud-init tells them.</summary>
    public bool TellsHostKeys { get; set; } = true;

    /// <summary>
    /// How many observations pass before a guest that was asked to shut down is off; null for one that ignores the request.
    /// </summary>
    public int? ObservationsUntilOff { get; set; } = 1;

    /// <summary>
    /// How many looks pass before what was asked for is there, where an engine takes its time: a machine, a volume, a network.
    /// </summary>
    public int ObservationsUntilReady { get; set; }

    public EngineCapacity Capacity { get; set; } = new("in memory", 64, 64, 65536, 65536, 1024, 1024);

    public ConcurrentDictionary<string, byte> ImageFiles { get; } = new(StringComparer.Ordinal) { ["tiny.qcow2"] = 0 };

    /// <summary>What addresses answer, for <see cref="FetchImageAsync"/>.</summary>
    public ConcurrentDictionary<Uri, byte[]> Downloads { get; } = new();

    /// <summary>A copy of what there is now.</summary>
    public IReadOnlyList<InMemoryMachine> Machines =>
        Locked<IReadOnlyList<InMemoryMachine>>(() => [.. machines.Values.Select(machine => machine with { })]);

    public IReadOnlyList<NetworkSpec> Networks => Locked<IReadOnlyList<NetworkSpec>>(() => [.. networks.Values]);

    public Task<MachineObservation> EnsureMachineAsync(InstanceSpec instance, CancellationToken ct) =>
        CallAsync(() => Ensure(instance), ct);

    public Task<MachineObservation> ObserveAsync(InstanceSpec instance, CancellationToken ct) => CallAsync(() => Look(instance.Id), ct);

    public Task<IReadOnlyDictionary<string, MachineGlance>> ObserveAllAsync(CancellationToken ct) =>
        CallAsync<IReadOnlyDictionary<string, MachineGlance>>(
            () =>
                machines.ToDictionary(
                    machine => machine.Key,
                    machine => new MachineGlance(
                        machine.Value.Power,
                        machine.Value.Problem,
                        machine.Value is { Power: MachinePower.Running, UntilSsh: <= 0 } && AgentsAnswer
                    ),
                    StringComparer.Ordinal
                ),
            ct
        );

    public Task RemoveAsync(InstanceSpec instance, CancellationToken ct) => CallAsync(() => machines.Remove(instance.Id), ct);

    public Task<EngineInventory> ListAsync(CancellationToken ct) =>
        CallAsync(() => new EngineInventory([.. machines.Keys], [.. networks.Keys]), ct);

    public Task<EngineCapacity> CapacityAsync(CancellationToken ct) => CallAsync(() => Capacity, ct);

    public Task<IReadOnlyList<string>> ImagesAsync(CancellationToken ct) =>
        CallAsync<IReadOnlyList<string>>(() => [.. ImageFiles.Keys], ct);

    public Task FetchImageAsync(ImageSource source, IProgress<ImageProgress>? progress, CancellationToken ct) =>
        CallAsync(
            () =>
            {
                if (!Downloads.TryGetValue(source.Url, out var content))
                {
                    throw new EngineException(EngineFault.Rejected, $"{source.Url} does not answer.");
                }

                return string.Equals(Convert.ToHexString(SHA256.HashData(content)), source.Sha256, StringComparison.OrdinalIgnoreCase)
                    ? ImageFiles[source.FileName] = 0
                    : throw new EngineException(EngineFault.Rejected, "Its SHA-256 is another one.");
            },
            ct
        );

    public Task<Stream> OpenConsoleAsync(string instanceId, ConsoleKind kind, CancellationToken ct) =>
        CallAsync<Stream>(
            () =>
                machines.GetValueOrDefault(instanceId) is not { Power: MachinePower.Running } machine
                    ? throw new EngineException(EngineFault.Missing, $"{instanceId} is not running.")
                    : new InMemoryConsoleStream(kind is ConsoleKind.Text ? $"{machine.Spec.HostName} login: " : "RFB 003.008\n"),
            ct
        );

    public Task<string> ReadSerialLogAsync(string instanceId, int maxBytes, CancellationToken ct) =>
        CallAsync(
            () =>
            {
                var log = machines.GetValueOrDefault(instanceId)?.SerialLog ?? "";
                return log.Length > maxBytes ? log[^maxBytes..] : log;
            },
            ct
        );

    /// <summary>A machine breaks, stops or vanishes without having been asked to.</summary>
    public void Lose(string instanceId, MachinePower become, string? problem = null) =>
        Locked(() =>
            become is MachinePower.Missing
                ? machines.Remove(instanceId)
                : machines.TryGetValue(instanceId, out var machine)
                    && (machine.Power = become) == become
                    && (machine.Problem = problem) == problem
        );

    /// <summary>The whole host loses its power: definitions and disks stay, nothing runs, networks are gone.</summary>
    public void PowerCut() =>
        Locked(() =>
        {
            networks.Clear();
            foreach (var machine in machines.Values)
            {
                machine.TurnOff();
            }

            return true;
        });

    private MachineObservation Ensure(InstanceSpec spec)
    {
        if (
            !spec.Interfaces.All(networkInterface => Knows(spec.NetworkId, networkInterface))
            || !spec.Volumes.Any(volume => volume.IsRoot)
            || spec.Volumes.Any(volume => !volumes.TryGetValue(volume.Volume.Id, out var made) || made.UntilReady > 0)
        )
        {
            throw new EngineException(EngineFault.Missing, $"The network or a volume of {spec.Id} is not there.");
        }

        ref var machine = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(machines, spec.Id, out _);
        machine ??= new InMemoryMachine
        {
            Spec = spec,
            Defined = Devices(spec),
            UntilReady = ObservationsUntilReady,
        };
        machine.Spec = spec;
        if (machine.UntilReady > 0)
        {
            return Look(spec.Id);
        }

        switch (machine.Power, spec.Power)
        {
            case (MachinePower.Off, MachinePower.Running):
            case (MachinePower.Running, MachinePower.Running) when machine.RebootsDone < spec.RebootsWanted:
                machine.Defined = Devices(spec);
                machine.Start(spec.RebootsWanted, ObservationsUntilSsh);
                break;
            case (MachinePower.Running, MachinePower.Off) when spec.Force:
                machine.TurnOff();
                break;
            case (MachinePower.Running, MachinePower.Off):
                machine.UntilOff ??= ObservationsUntilOff;
                break;
        }

        var seen = Look(spec.Id);
        return seen with
        {
            IsUnderWay = seen.Power != spec.Power || (seen.Power is MachinePower.Running && seen.RebootsDone < spec.RebootsWanted),
        };
    }

    private MachineObservation Look(string id)
    {
        if (machines.GetValueOrDefault(id) is not { } machine)
        {
            return new MachineObservation(MachinePower.Missing, 0, SshAnswers: false, null, null);
        }

        if (machine.UntilReady > 0)
        {
            machine.UntilReady--;
            return new MachineObservation(MachinePower.Off, 0, SshAnswers: false, null, null, IsUnderWay: true);
        }

        if (machine is { Power: MachinePower.Running, UntilOff: { } left })
        {
            machine.UntilOff = left - 1;
            if (left <= 0)
            {
                machine.TurnOff();
            }
        }

        var answers = machine.Power is MachinePower.Running && machine.UntilSsh-- <= 0;
        return new MachineObservation(
            machine.Power,
            machine.RebootsDone,
            answers,
            answers && TellsHostKeys ? machine.HostKey : null,
            machine.Problem,
            AgentAnswers: answers && AgentsAnswer,
            IsUnderWay: machine.UntilOff is not null
        );
    }

    private T Locked<T>(Func<T> action)
    {
        lock (gate)
        {
            return action();
        }
    }

    private async Task<T> CallAsync<T>(Func<T> action, CancellationToken ct, [CallerMemberName] string call = "")
    {
        await FaultAsync(call, FaultPoint.Before, ct);
        var result = Locked(action);
        await FaultAsync(call, FaultPoint.After, ct);
        return result;
    }
}

/// <summary>One machine of the <see cref="InMemoryEngine"/>.</summary>
public sealed record InMemoryMachine
{
    public required InstanceSpec Spec { get; set; }

    public MachinePower Power { get; set; } = MachinePower.Off;

    public int RebootsDone { get; set; }

    /// <summary>Ids of the interfaces that the running machine has; what it is defined with is in <see cref="Spec"/>.</summary>
    public HashSet<string> Interfaces { get; } = new(StringComparer.Ordinal);

    /// <summary>How often its guest must still be asked to let go of an interface; null before the first time.</summary>
    public int? UntilUnplugged { get; set; }

    /// <summary>How many looks find it still being made.</summary>
    public int UntilReady { get; set; }

    /// <summary>It was started into the rescue system.</summary>
    public bool IsRescue { get; set; }

    /// <summary>How often it was powered on or reset.</summary>
    public int Starts { get; set; }

    public string? Problem { get; set; }

    public int? UntilOff { get; set; }

    /// <summary>Its volumes by their places: in its definition, and in the running guest.</summary>
    public Dictionary<string, string> Defined { get; set; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> Live { get; set; } = new(StringComparer.Ordinal);

    public int UntilSsh { get; set; }

    public string SerialLog { get; set; } = "";

    /// <summary>A well-formed key that follows from the disk it is on, or in rescue from the start.</summary>
    public string HostKey =>
        "ssh-ed25519 "
        + Convert.ToBase64String([
            0,
            0,
            0,
            11,
            .. "ssh-ed25519"u8,
            0,
            0,
            0,
            32,
            .. SHA256.HashData(
                Encoding.ASCII.GetBytes(IsRescue ? $"{Spec.Id} {Starts}" : Spec.Volumes.Single(volume => volume.IsRoot).Volume.Id)
            ),
        ]);

    public void TurnOff()
    {
        (Power, UntilOff) = (MachinePower.Off, null);
        Live.Clear();
    }

    public void Start(int boot, int untilSsh)
    {
        (Power, RebootsDone, UntilOff, UntilSsh, Starts, IsRescue) = (MachinePower.Running, boot, null, untilSsh, Starts + 1, Spec.Rescue);
        Interfaces.Clear();
        Interfaces.UnionWith(Spec.Interfaces.Select(networkInterface => networkInterface.Id));
        Live = new Dictionary<string, string>(Defined, StringComparer.Ordinal);
        SerialLog += $"\nBoot {Starts} of {Spec.HostName}\n{Spec.HostName} login: ";
    }
}
