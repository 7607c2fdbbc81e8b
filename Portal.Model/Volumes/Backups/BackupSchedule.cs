using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>
/// A snapshot of a volume at each slot, of which the newest are kept. The web writes when and how many, the worker what became of it. It
/// ends with its volume; the snapshots stay. A slot that nobody saw to in time is made up for once, however many passed.
/// </summary>
public sealed class BackupSchedule : IOwned
{
    /// <summary>As Amazon's lifecycle policies, which do the same.</summary>
    public const string Prefix = "policy";

    public const int MaxKeep = 90;

    /// <summary>How many snapshots are begun for one slot, if the engine rejects them, before it counts as missed.</summary>
    public const int MaxAttempts = 3;

    /// <summary>Between two attempts at a backup that was refused, e.g. for a quota: what refused it may be mended meanwhile.</summary>
    public static readonly TimeSpan RetryPause = TimeSpan.FromMinutes(5);

    /// <summary>A backup that has not been begun so long after its slot was missed, even if it is made up for.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    /// <summary>That of the volume, whose worker makes the backups.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string VolumeId { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public BackupFrequency Frequency { get; private set; }

    public DayOfWeek Day { get; private set; }

    /// <summary>Of UTC, 0 to 23.</summary>
    public int Hour { get; private set; }

    /// <summary>How many complete ones stay; older ones go once a newer one is complete.</summary>
    public int Keep { get; private set; }

    /// <summary>The slot that comes next, or that is due.</summary>
    public DateTimeOffset NextAt { get; private set; }

    /// <summary>Not before this, after it was refused.</summary>
    public DateTimeOffset? RetryAt { get; private set; }

    /// <summary>The snapshot that is being taken; null when none is.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? SnapshotId { get; private set; }

    /// <summary>How many of the slot at hand the engine rejected.</summary>
    public int Rejected { get; private set; }

    /// <summary>When the last one was complete.</summary>
    public DateTimeOffset? LastAt { get; private set; }

    /// <summary>Why the last one is missing, as a sentence; null when all is well. Only a complete backup ends it.</summary>
    [MaxLength(2048)]
    public string? Problem { get; private set; }

    [Timestamp]
    public uint Version { get; private set; }

    public BackupTimes Times => new(Frequency, Day, Hour);

    /// <summary>E.g. <c>daily at 03:00 UTC, the newest 7 are kept</c>.</summary>
    public string Sentence =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Times.Sentence}, {(Keep == 1 ? "the newest one is" : $"the newest {Keep} are")} kept"
        );

    public bool IsDue(DateTimeOffset now) => NextAt <= now && (RetryAt is null || RetryAt <= now);

    /// <summary>What an operator should know of it; null if nothing.</summary>
    public string? Missed(DateTimeOffset now) =>
        Problem is not null ? $"The backup of {VolumeId} is missing: {Problem}"
        : (RetryAt ?? NextAt) + Grace < now ? $"The backup of {VolumeId} was due at {NextAt:u} and has not been begun."
        : null;

    /// <summary>Other times than before begin to hold now; what is due by the old ones is forgotten.</summary>
    public void Set(BackupWish wish, DateTimeOffset now)
    {
        var hasMoved = wish.Times != Times || NextAt == default;
        (Frequency, Day, Hour, Keep) = (wish.Times.Frequency, wish.Times.Day, wish.Times.Hour, wish.Keep);
        if (hasMoved)
        {
            (NextAt, RetryAt, Rejected) = (Times.After(now), null, 0);
        }
    }

    public bool Says(BackupWish wish) => (Times, Keep) == (wish.Times, wish.Keep);

    /// <summary>The slot that a backup of now is for: the last of those that are due.</summary>
    public DateTimeOffset Slot(DateTimeOffset now) => Times.Until(now);

    /// <summary>A snapshot for this slot was asked for.</summary>
    public void Begin(string snapshotId, DateTimeOffset slot, DateTimeOffset now)
    {
        Problem =
            Rejected == 0 && slot + Grace < now ? $"The one of {slot:yyyy-MM-dd HH:mm} UTC was missed, and is being made up for." : Problem;
        (SnapshotId, NextAt, RetryAt) = (snapshotId, Times.After(now), null);
    }

    /// <summary>It cannot be taken now; it is tried again.</summary>
    public void ObserveRefused(string reason, DateTimeOffset now) => (Problem, RetryAt) = (reason, now + RetryPause);

    /// <summary>A slot came while the snapshot of an earlier one was not complete: one copy is enough for both.</summary>
    public void ObserveBusy(DateTimeOffset now) =>
        (Problem, NextAt, RetryAt) = (
            $"The one before is not complete yet, so that of {Slot(now):yyyy-MM-dd HH:mm} UTC was left out.",
            Times.After(now),
            null
        );

    /// <summary>Nothing is taken while the account is suspended, and what passed meanwhile is not made up for.</summary>
    public void ObserveSuspended(DateTimeOffset now) => (NextAt, RetryAt, Rejected) = (NextAt <= now ? Times.After(now) : NextAt, null, 0);

    public void ObserveComplete(DateTimeOffset now) => (SnapshotId, LastAt, Problem, Rejected) = (null, now, null, 0);

    /// <summary>
    /// The engine rejected it. It is taken again after a pause, as long as its slot lasts and some times at most; only then it is missed.
    /// </summary>
    /// <returns>Whether it is taken again.</returns>
    public bool ObserveRejected(string? reason, DateTimeOffset now)
    {
        (SnapshotId, Rejected) = (null, Rejected + 1);
        if (Rejected < MaxAttempts && now + RetryPause < NextAt)
        {
            (NextAt, RetryAt) = (Times.Until(now), now + RetryPause);
            return true;
        }

        (Problem, Rejected) = (reason ?? "The snapshot could not be taken.", 0);
        return false;
    }

    /// <summary>Its owner deleted the snapshot before it was complete: that is nobody's fault.</summary>
    public void ObserveDropped() => (SnapshotId, Rejected) = (null, 0);
}

/// <summary>What a customer asks for. Nothing in it has been checked.</summary>
public sealed record BackupWish(BackupTimes Times, int Keep)
{
    /// <summary>In the night of Europe and America, and a week back.</summary>
    public static readonly BackupWish Default = new(new BackupTimes(BackupFrequency.Daily, DayOfWeek.Monday, 3), 7);

    /// <summary>What can be said of it without looking anything up.</summary>
    public Outcome Check() =>
        Times.Check() is { IsDone: false } refused ? refused
        : Keep is >= 1 and <= BackupSchedule.MaxKeep ? Outcome.Done
        : Refusal.Invalid($"From 1 to {BackupSchedule.MaxKeep} backups can be kept.");
}
