using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Compute;

/// <summary>Its snapshots: what was on a volume at the first call, complete after some looks.</summary>
public sealed partial class InMemoryEngine
{
    private static readonly DateTimeOffset TakenAt = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<string, InMemorySnapshot> snapshots = new(StringComparer.Ordinal);

    /// <summary>How many looks pass before a copy is complete; null for one that never is.</summary>
    public int? ObservationsUntilCopied { get; set; } = 1;

    public IReadOnlyList<string> Snapshots => Locked<IReadOnlyList<string>>(() => [.. snapshots.Keys]);

    public Task<SnapshotObservation> EnsureSnapshotAsync(SnapshotSpec snapshot, CancellationToken ct) =>
        CallAsync(
            () =>
            {
                if (!snapshots.TryGetValue(snapshot.Id, out var copy))
                {
                    snapshots[snapshot.Id] = volumes.TryGetValue(snapshot.VolumeId, out var volume)
                        ? copy = new InMemorySnapshot { Content = volume.Content, Left = ObservationsUntilCopied }
                        : throw new EngineException(EngineFault.Missing, $"There is no {snapshot.VolumeId}.");
                }

                var isComplete = copy.Left is <= 0;
                copy.Left = isComplete ? 0 : copy.Left - 1 ?? ObservationsUntilCopied;
                return new SnapshotObservation(isComplete, isComplete ? 3 << 20 : 0, TakenAt, Quiesced: false);
            },
            ct
        );

    public Task RemoveSnapshotAsync(string snapshotId, CancellationToken ct) => CallAsync(() => snapshots.Remove(snapshotId), ct);

    public Task<IReadOnlyList<string>> ListSnapshotsAsync(CancellationToken ct) =>
        CallAsync<IReadOnlyList<string>>(() => [.. snapshots.Keys], ct);

    /// <summary>A snapshot vanishes from the host.</summary>
    public void LoseSnapshot(string snapshotId) => Locked(() => snapshots.Remove(snapshotId));

    private InMemorySnapshot CompleteSnapshot(string id) =>
        snapshots.TryGetValue(id, out var copy) && copy.Left is <= 0
            ? copy
            : throw new EngineException(EngineFault.Rejected, $"There is no complete {id}.");

    private sealed class InMemorySnapshot
    {
        public required string Content { get; init; }

        public required int? Left { get; set; }
    }
}
