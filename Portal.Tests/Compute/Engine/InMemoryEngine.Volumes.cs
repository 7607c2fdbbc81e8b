using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Compute;

/// <summary>Its disks: a size and a text in the place of all that could be on one.</summary>
public sealed partial class InMemoryEngine
{
    private readonly Dictionary<string, InMemoryVolume> volumes = new(StringComparer.Ordinal);

    /// <summary>How many looks pass before a running guest lets go of a volume; null for one that never does.</summary>
    public int? ObservationsUntilDetached { get; set; } = 0;

    public IReadOnlyList<string> Volumes => Locked<IReadOnlyList<string>>(() => [.. volumes.Keys]);

    public Task<VolumeObservation> EnsureVolumeAsync(VolumeSpec volume, CancellationToken ct) =>
        CallAsync(
            () =>
            {
                if (volumes.TryGetValue(volume.Id, out var made))
                {
                    made.UntilReady = made.SizeGiB < volume.SizeGiB ? ObservationsUntilReady : made.UntilReady;
                    made.SizeGiB = Math.Max(made.SizeGiB, volume.SizeGiB);
                }
                else
                {
                    volumes[volume.Id] = Make(volume);
                    volumes[volume.Id].UntilReady = ObservationsUntilReady;
                }

                return LookAt(volume.Id);
            },
            ct
        );

    public Task<VolumeObservation> ObserveVolumeAsync(string volumeId, CancellationToken ct) => CallAsync(() => LookAt(volumeId), ct);

    public Task<VolumeObservation> EnsureAttachedAsync(VolumeAttachment volume, string instanceId, CancellationToken ct) =>
        CallAsync(
            () =>
            {
                var id = volume.Volume.Id;
                if (!volumes.ContainsKey(id) || !machines.TryGetValue(instanceId, out var machine))
                {
                    throw new EngineException(EngineFault.Missing, $"There is no {id} or no {instanceId}.");
                }

                if (LookAt(id).InstanceId is { } holder && holder != instanceId)
                {
                    throw new EngineException(EngineFault.Rejected, $"{holder} has {id}.");
                }

                machine.Defined[id] = volume.Device;
                if (machine.Power is MachinePower.Running)
                {
                    machine.Live[id] = volume.Device;
                }

                return LookAt(id);
            },
            ct
        );

    public Task<VolumeObservation> EnsureDetachedAsync(string volumeId, string instanceId, CancellationToken ct) =>
        CallAsync(
            () =>
            {
                if (machines.TryGetValue(instanceId, out var machine))
                {
                    machine.Defined.Remove(volumeId);
                    if (
                        volumes.TryGetValue(volumeId, out var volume)
                        && machine.Live.ContainsKey(volumeId)
                        && (volume.UntilDetached ??= ObservationsUntilDetached) is { } left
                    )
                    {
                        volume.UntilDetached = left > 0 ? left - 1 : null;
                        _ = left > 0 || machine.Live.Remove(volumeId);
                    }
                }

                return LookAt(volumeId);
            },
            ct
        );

    public Task RemoveVolumeAsync(string volumeId, CancellationToken ct) =>
        CallAsync(
            () =>
                LookAt(volumeId).InstanceId is { } holder
                    ? throw new EngineException(EngineFault.Rejected, $"{holder} still has {volumeId}.")
                    : volumes.Remove(volumeId),
            ct
        );

    public Task<VolumeInventory> ListVolumesAsync(CancellationToken ct) =>
        CallAsync(
            () =>
                new VolumeInventory(
                    [.. volumes.Keys],
                    volumes
                        .Keys.Select(id =>
                            (
                                Id: id,
                                Holder: HolderOf(id, machine => machine.Power is MachinePower.Running ? machine.Live : machine.Defined)
                            )
                        )
                        .Where(found => found.Holder is not null)
                        .ToDictionary(found => found.Id, found => found.Holder!, StringComparer.Ordinal)
                ),
            ct
        );

    /// <summary>A guest writes; <see cref="Read"/> gives it back, also from what was copied from here.</summary>
    public void Write(string volumeId, string content) => Locked(() => volumes[volumeId].Content = content);

    public string Read(string volumeId) => Locked(() => volumes[volumeId].Content);

    /// <summary>What a running guest sees of a volume, in GiB; 0 if it has it not.</summary>
    public int GuestSizeOf(string instanceId, string volumeId) =>
        Locked(() => machines.GetValueOrDefault(instanceId)?.Live.ContainsKey(volumeId) is true ? volumes[volumeId].SizeGiB : 0);

    /// <summary>A disk vanishes from the host.</summary>
    public void LoseVolume(string volumeId) => Locked(() => volumes.Remove(volumeId));

    /// <summary>A machine loses a volume without having been asked to.</summary>
    public void PullOut(string volumeId) =>
        Locked(() => machines.Values.Count(machine => machine.Defined.Remove(volumeId) | machine.Live.Remove(volumeId)));

    private static Dictionary<string, string> Devices(InstanceSpec spec) =>
        spec.Volumes.ToDictionary(volume => volume.Volume.Id, volume => volume.Device, StringComparer.Ordinal);

    private InMemoryVolume Make(VolumeSpec volume) =>
        volume.SnapshotId is { } from ? new InMemoryVolume { SizeGiB = volume.SizeGiB, Content = CompleteSnapshot(from).Content }
        : volume.ImageFile is { } file && !ImageFiles.ContainsKey(file)
            ? throw new EngineException(EngineFault.Rejected, $"The image {file} is not there.")
        : new InMemoryVolume { SizeGiB = volume.SizeGiB, Content = volume.ImageFile ?? "" };

    private VolumeObservation LookAt(string id) =>
        volumes.TryGetValue(id, out var volume)
            ? new VolumeObservation(
                volume.SizeGiB,
                HolderOf(id, machine => machine.Defined) ?? HolderOf(id, machine => machine.Live),
                IsUnderWay: volume.UntilReady-- > 0
            )
            : VolumeObservation.Missing;

    private string? HolderOf(string id, Func<InMemoryMachine, Dictionary<string, string>> where) =>
        machines.FirstOrDefault(machine => where(machine.Value).ContainsKey(id)).Key;

    private sealed class InMemoryVolume
    {
        public required int SizeGiB { get; set; }

        public required string Content { get; set; }

        public int? UntilDetached { get; set; }

        /// <summary>How many looks find it still being made or grown.</summary>
        public int UntilReady { get; set; }
    }
}
