using System.Globalization;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>Why an account is suspended.</summary>
public enum SuspensionReason
{
    /// <summary>It used more without paying than it may. The only one that is lifted by itself.</summary>
    Unpaid,
    Fraud,
    Operator,
}

/// <summary>How far an account is trusted, and how it is stopped when that is over.</summary>
public sealed partial class Account
{
    /// <summary>Its step of the <see cref="TrustLadder"/>, whose numbers the quotas are.</summary>
    public int TrustStep { get; private set; } = 1;

    /// <summary>US dollars that it may use without having paid for them; see <see cref="TrustLadder.Stop"/>.</summary>
    public decimal UnpaidLimit { get; set; } = 200;

    /// <summary>GiB that may leave its buckets in a calendar month (UTC).</summary>
    public int DownloadGiBLimit { get; set; } = 100;

    public SuspensionReason? SuspendedFor { get; private set; }

    /// <summary>Sessions begun until then are over. Here and not in them: the worker, which suspends too, may not write sessions.</summary>
    public DateTimeOffset? SessionsEndedAt { get; private set; }

    /// <summary>Since when its buckets let nobody in, because more left them this month than may.</summary>
    public DateTimeOffset? DownloadsStoppedAt { get; private set; }

    /// <summary>Its users of object stores are suspended.</summary>
    public bool IsOutOfStores => SuspendedAt is not null || DownloadsStoppedAt is not null;

    /// <summary>Why nothing can be made, started or opened, for the customer; null if it is not suspended.</summary>
    public string? WhySuspended => SuspendedAt is null ? null : WhySuspendedFor(SuspendedFor);

    public string? WhyNotSuspend => ClosingSince is not null ? $"This account is {Status} already." : null;

    public string? WhyNotResume => SuspendedAt is null ? "It is not suspended." : null;

    /// <summary>Why its buckets cannot be opened; null if they can.</summary>
    public Refusal? WhyNotStores =>
        Refusal.Forbidden(WhySuspended)
        ?? Refusal.Limit(
            DownloadsStoppedAt is null
                ? null
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"More than {DownloadGiBLimit:N0} GiB were downloaded this month, so your buckets are closed until the month is over. Billing says how to go on."
                )
        );

    public static string WhySuspendedFor(SuspensionReason? reason) =>
        reason is SuspensionReason.Unpaid ? CreateRule.SuspendedUnpaid : CreateRule.Suspended;

    public void StepTo(int number, TrustStep step)
    {
        (TrustStep, UnpaidLimit, DownloadGiBLimit) = (number, step.UnpaidUsd, step.DownloadGiB);
        (InstanceLimit, VcpuLimit, NetworkLimit, AddressLimit) = (step.Instances, step.Vcpus, step.Networks, step.Addresses);
        (VolumeLimit, VolumeGiBLimit, SnapshotLimit) = (step.Volumes, step.VolumeGiB, step.Snapshots);
        (BucketLimit, BucketGiBLimit, BucketObjectLimit) = (step.Buckets, step.BucketGiB, step.BucketObjects);
    }

    /// <summary>One that is suspended for want of payment can also be so for another reason, which then stays when it has paid.</summary>
    public Outcome Suspend(SuspensionReason reason, DateTimeOffset now)
    {
        if (WhyNotSuspend is { } why)
        {
            return Refusal.State(why);
        }

        if (SuspendedAt is not null && (SuspendedFor == reason || SuspendedFor is not SuspensionReason.Unpaid))
        {
            return Refusal.State("It is suspended already.");
        }

        (SuspendedAt, SuspendedFor, SessionsEndedAt) = (SuspendedAt ?? now, reason, now);
        return Outcome.Done;
    }

    public Outcome Resume()
    {
        if (WhyNotResume is { } why)
        {
            return Refusal.State(why);
        }

        (SuspendedAt, SuspendedFor) = (null, null);
        return Outcome.Done;
    }

    /// <summary>Whether that changed anything.</summary>
    public bool ObserveDownloads(decimal gib, DateTimeOffset now)
    {
        var (was, isOver) = (DownloadsStoppedAt is not null, gib >= DownloadGiBLimit);
        DownloadsStoppedAt = isOver ? DownloadsStoppedAt ?? now : null;
        return was != isOver;
    }
}
