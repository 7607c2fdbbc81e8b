using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Home;

/// <summary>Something that its owner should look at.</summary>
/// <param name="Subject">What it is about, e.g. an instance's name.</param>
/// <param name="Url">Where something can be done about it.</param>
/// <param name="IsUrgent">Something does not work; else it soon may not.</param>
public sealed record Concern(string Subject, string Text, string Url, bool IsUrgent)
{
    /// <summary>Of one kind, however many there are: the rest is a number.</summary>
    private const int Most = 5;

    private const double NearlyAll = 0.9;

    private static readonly TimeSpan ExpiresSoon = TimeSpan.FromDays(30);

    public static async Task<IReadOnlyList<Concern>> OfAsync(
        PortalDb db,
        Account account,
        bool isConfirmed,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        List<Concern> found =
        [
            .. await PayingAsync(db, account, now, ct),
            .. isConfirmed
                ? Enumerable.Empty<Concern>()
                :
                [
                    new Concern(
                        "Your e-mail address",
                        "is not confirmed: open the link that was sent to it. Until then nothing can be created.",
                        "/settings",
                        IsUrgent: true
                    ),
                ],
            .. await InstancesAsync(db, account.Id, ct),
            .. await VolumesAsync(db, account.Id, ct),
            .. await BackupsAsync(db, account.Id, ct),
            .. await AlertsAsync(db, account.Id, ct),
            .. await QuotasAsync(db, account, ct),
        ];
        return [.. found.OrderByDescending(concern => concern.IsUrgent)];
    }

    /// <summary>Only once there is something to pay for: before that a card is a step, not a concern.</summary>
    private static async Task<IReadOnlyList<Concern>> PayingAsync(PortalDb db, Account account, DateTimeOffset now, CancellationToken ct)
    {
        if (account.SuspendedAt is null && !await CardKeeping.IsSpendingAsync(db, account.Id, ct))
        {
            return [];
        }

        if (await CardCheck.WhyNoBillingAsync(db, account.Id, now, ct) is { } reason)
        {
            return [new Concern("Payment", reason, "/billing/card", IsUrgent: true)];
        }

        var card = (await CardKeeping.ValidAsync(db, account.Id, ct)).Find(card => card.IsDefault);
        return card is not null && card.ExpiresAt - now < ExpiresSoon
            ?
            [
                new Concern(
                    "Payment",
                    $"The card {card.Label} expires on {card.ExpiresAt.AddDays(-1):yyyy-MM-dd}.",
                    "/billing/card",
                    IsUrgent: false
                ),
            ]
            : [];
    }

    private static async Task<IReadOnlyList<Concern>> InstancesAsync(PortalDb db, string accountId, CancellationToken ct)
    {
        var some = await db
            .Instances.AsNoTracking()
            .Where(instance =>
                instance.AccountId == accountId
                && instance.State != InstanceState.Terminated
                && (instance.State == InstanceState.Failed || instance.Waiting != null)
            )
            .OrderBy(instance => instance.State != InstanceState.Failed)
            .ThenBy(instance => instance.Name)
            .Select(instance => new
            {
                instance.Id,
                instance.Name,
                instance.State,
                instance.LastError,
                instance.Waiting,
            })
            .ToListAsync(ct);
        return Cut(
            [
                .. some.Select(one =>
                    one.State is InstanceState.Failed
                        ? new Concern(one.Name, $"It failed: {one.LastError}", $"/instances/{one.Id}", IsUrgent: true)
                        : new Concern(one.Name, one.Waiting!, $"/instances/{one.Id}", IsUrgent: false)
                ),
            ],
            "instances",
            "/instances"
        );
    }

    private static async Task<IReadOnlyList<Concern>> VolumesAsync(PortalDb db, string accountId, CancellationToken ct)
    {
        var some = await db
            .Volumes.AsNoTracking()
            .Where(volume =>
                volume.AccountId == accountId
                && volume.State != VolumeState.Deleted
                && (volume.State == VolumeState.Error || volume.Waiting != null)
            )
            .OrderBy(volume => volume.Name)
            .Select(volume => new
            {
                volume.Id,
                volume.Name,
                volume.State,
                volume.LastError,
                volume.Waiting,
            })
            .ToListAsync(ct);
        return Cut(
            [
                .. some.Select(one =>
                    one.State is VolumeState.Error
                        ? new Concern(one.Name, $"The volume could not be made: {one.LastError}", ResourceUrl.Of(one.Id), IsUrgent: true)
                        : new Concern(one.Name, one.Waiting!, ResourceUrl.Of(one.Id), IsUrgent: false)
                ),
            ],
            "volumes",
            "/volumes"
        );
    }

    private static async Task<IReadOnlyList<Concern>> BackupsAsync(PortalDb db, string accountId, CancellationToken ct)
    {
        var missing = await db
            .BackupSchedules.AsNoTracking()
            .Where(schedule => schedule.AccountId == accountId && schedule.Problem != null)
            .Join(
                db.Volumes,
                schedule => schedule.VolumeId,
                volume => volume.Id,
                (schedule, volume) =>
                    new
                    {
                        volume.Id,
                        volume.Name,
                        schedule.Problem,
                    }
            )
            .OrderBy(one => one.Name)
            .ThenBy(one => one.Id)
            .ToListAsync(ct);
        return Cut(
            [
                .. missing.Select(one => new Concern(
                    one.Name,
                    $"Its last backup is missing. {one.Problem}",
                    $"{ResourceUrl.Of(one.Id)}?tab=snapshots",
                    IsUrgent: true
                )),
            ],
            "volumes",
            "/volumes"
        );
    }

    private static async Task<IReadOnlyList<Concern>> AlertsAsync(PortalDb db, string accountId, CancellationToken ct)
    {
        var firing = await db
            .AlertRules.AsNoTracking()
            .Where(rule => rule.AccountId == accountId && rule.FiringSince != null)
            .OrderBy(rule => rule.FiringSince)
            .ToListAsync(ct);
        var ids = firing.Select(rule => rule.ResourceId).ToList();
        var names = await db
            .Instances.Where(instance => instance.AccountId == accountId && ids.Contains(instance.Id))
            .Select(instance => new { instance.Id, instance.Name })
            .Concat(
                db.Volumes.Where(volume => volume.AccountId == accountId && ids.Contains(volume.Id))
                    .Select(volume => new { volume.Id, volume.Name })
            )
            .ToDictionaryAsync(one => one.Id, one => one.Name, StringComparer.Ordinal, ct);
        return Cut(
            [
                .. firing.Select(rule => new Concern(
                    names.GetValueOrDefault(rule.ResourceId, rule.ResourceId),
                    $"{rule.Sentence}, since {rule.FiringSince:yyyy-MM-dd HH:mm} UTC.",
                    $"{ResourceUrl.Of(rule.ResourceId)}?tab=metrics",
                    IsUrgent: true
                )),
            ],
            "alerts",
            "/instances"
        );
    }

    private static async Task<IReadOnlyList<Concern>> QuotasAsync(PortalDb db, Account account, CancellationToken ct)
    {
        var living = db.Instances.Where(instance => instance.AccountId == account.Id && instance.State != InstanceState.Terminated);
        var volumes = db.Volumes.Where(volume => volume.AccountId == account.Id && volume.State != VolumeState.Deleted);
        (int Used, int Limit, string One)[] quotas =
        [
            (await living.CountAsync(ct), account.InstanceLimit, "instance"),
            (await living.SumAsync(instance => instance.Vcpus, ct), account.VcpuLimit, "vCPU"),
            (await volumes.CountAsync(ct), account.VolumeLimit, "volume"),
            (await volumes.SumAsync(volume => volume.SizeGiB, ct), account.VolumeGiBLimit, ""),
            (
                await db.Snapshots.CountAsync(snapshot => snapshot.AccountId == account.Id && snapshot.State != SnapshotState.Deleted, ct),
                account.SnapshotLimit,
                "snapshot"
            ),
        ];
        return
        [
            .. quotas
                .Where(quota => quota.Limit > 0 && quota.Used >= NearlyAll * quota.Limit)
                .Select(quota => new Concern(
                    "Quota",
                    $"You use {quota.Used:N0} of {(quota.One.Length == 0 ? $"{quota.Limit:N0} GiB of volumes" : Counted.Of(quota.Limit, quota.One))}. Ask support for more before you need it.",
                    "/instances",
                    IsUrgent: false
                )),
        ];
    }

    private static IReadOnlyList<Concern> Cut(IReadOnlyList<Concern> all, string of, string url) =>
        all.Count <= Most
            ? all
            :
            [
                .. all.Take(Most),
                new Concern(
                    $"{all.Count - Most} more {of}",
                    "are in the same state.",
                    url,
                    all.Skip(Most).Any(concern => concern.IsUrgent)
                ),
            ];
}
