using Portal.Model.Shared;
using static Portal.Model.Volumes.SnapshotState;

namespace Portal.Model.Volumes;

/// <summary>What may be asked of a snapshot, and what the worker writes down of it.</summary>
public sealed partial class Snapshot
{
    public static readonly TimeSpan DeleteLimit = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan LeastLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LimitPerGiB = TimeSpan.FromMinutes(1);

    public static readonly IReadOnlyList<string> Statuses = ["pending", "completed", "deleting", "deleted", "error"];

    public string Status => Spell(State, IsDeleting);

    public Refusal? WhyNotDelete =>
        WhyNotGo ?? Refusal.InUse(PrivateImageId is null ? null : "An image begins as it: delete the image, and it goes too.");

    private Refusal? WhyNotGo => Refusal.State(State is Deleted || IsDeleting ? $"It is {Status} already." : null);

    public string? WhyNotChange => State is Deleted || IsDeleting ? $"It is {Status}." : null;

    /// <summary>Why no volume can be made from it; null if one can.</summary>
    public string? WhyNotRestore =>
        (State, IsDeleting) switch
        {
            (Completed, false) => null,
            (Pending, false) => "It is not complete yet.",
            _ => $"It is {Status}.",
        };

    /// <summary>A machine can start from it.</summary>
    public bool HoldsSystem => ImageId is not null;

    /// <summary>There is something left to do for its job.</summary>
    public bool IsUnsettled => State is not Deleted && (IsDeleting || State is Pending);

    public SnapshotSpec Spec => new(Id, AccountId, VolumeId);

    public static string Spell(SnapshotState state, bool isToGo) =>
        (state, isToGo) switch
        {
            (Deleted, _) => "deleted",
            (_, true) => "deleting",
            (Pending, _) => "pending",
            (Completed, _) => "completed",
            _ => "error",
        };

    public Refusal? WhyNotRestoreTo(int sizeGiB) =>
        Refusal.State(WhyNotRestore)
        ?? Refusal.Invalid(
            sizeGiB < SizeGiB ? $"{Name} is of a volume of {SizeGiB} GiB: what is made from it has at least as many." : null
        );

    /// <summary>For one that was just asked for. A large disk takes its time.</summary>
    public Snapshot Requested(DateTimeOffset now)
    {
        Deadline = now + LeastLimit + (LimitPerGiB * SizeGiB);
        return this;
    }

    public Outcome RequestDelete(DateTimeOffset now) => Go(WhyNotDelete, now);

    public Outcome RequestDeleteWithImage(DateTimeOffset now) => Go(WhyNotGo, now);

    private Outcome Go(Refusal? whyNot, DateTimeOffset now)
    {
        if (whyNot is not null)
        {
            return whyNot;
        }

        (IsDeleting, Deadline) = (true, now + DeleteLimit);
        return Outcome.Done;
    }

    public Outcome Rename(string? name)
    {
        if ((Refusal.State(WhyNotChange) ?? ResourceName.Check(name).Refusal) is { } refusal)
        {
            return refusal;
        }

        Name = name!.Trim();
        return Outcome.Done;
    }

    public Outcome Tag(IReadOnlyDictionary<string, string> tags)
    {
        if ((Refusal.State(WhyNotChange) ?? Shared.Tags.Check(tags).Refusal) is { } refusal)
        {
            return refusal;
        }

        Tags.Clear();
        foreach (var (key, value) in tags)
        {
            Tags[key] = value;
        }

        return Outcome.Done;
    }

    public void Observe(SnapshotObservation seen, DateTimeOffset now)
    {
        (TakenAt, IsQuiesced, Waiting) = (seen.TakenAt ?? TakenAt, seen.Quiesced, null);
        if (seen.IsComplete)
        {
            (State, CompletedAt, StoredMiB, Deadline) = (
                Completed,
                CompletedAt ?? now,
                (int)Math.Ceiling(seen.StoredBytes / (double)(1 << 20)),
                null
            );
        }
    }

    public void ObserveRemoved(DateTimeOffset now) =>
        (State, DeletedAt, StoredMiB, Deadline, Waiting) = (Deleted, DeletedAt ?? now, 0, null, null);

    public void Wait(string sentence) => Waiting = sentence;

    /// <summary>The engine will not do it.</summary>
    public void ObserveRefused(string reason)
    {
        if (IsDeleting)
        {
            Waiting = reason;
        }
        else
        {
            (State, LastError, Deadline, Waiting) = (Error, reason, null, null);
        }
    }
}
