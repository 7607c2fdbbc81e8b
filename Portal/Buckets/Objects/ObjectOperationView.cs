using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Buckets;

/// <summary>A change of many objects, as the page of its bucket tells of it.</summary>
/// <param name="What">Which objects it means, while it is under way.</param>
public sealed record ObjectOperationView(
    string Id,
    ObjectOperationKind Kind,
    ObjectOperationState State,
    string Title,
    string? By,
    long Changed,
    long Failed,
    long Total,
    bool IsTotalAtLeast,
    bool IsStarted,
    bool IsCancelling,
    string? Waiting,
    string? Reason,
    IReadOnlyList<ObjectProblem> Problems,
    ObjectSelection? What
)
{
    /// <summary>What went well is told of for so long, and what did not for as long as it is kept.</summary>
    private static readonly TimeSpan ShownFor = TimeSpan.FromHours(1);

    private const int EndedShown = 10;

    public bool IsOver => State is not ObjectOperationState.Pending;

    /// <summary>Per cent; null while nobody knows of how many.</summary>
    public double? Percent => !IsStarted || IsTotalAtLeast || Total == 0 ? null : Math.Clamp(100.0 * (Changed + Failed) / Total, 0, 100);

    /// <summary>How far it is, or what came of it: <c>1,200 of 2,500 objects deleted, 3 not</c>.</summary>
    public string Progress
    {
        get
        {
            var verb = Kind is ObjectOperationKind.Delete ? "deleted" : "moved";
            var not = Failed > 0 ? string.Create(CultureInfo.InvariantCulture, $", {Failed:N0} not") : "";
            return IsOver ? $"{Format.Count(Changed, "object")} {verb}{not}."
                : !IsStarted ? "Starting…"
                : string.Create(CultureInfo.InvariantCulture, $"{Changed:N0} of ")
                    + (IsTotalAtLeast ? "at least " : "")
                    + $"{Format.Count(Total, "object")} {verb}{not}…";
        }
    }

    public string? Ended =>
        State switch
        {
            ObjectOperationState.Cancelled => Reason is null ? "Cancelled." : $"Cancelled. {Reason}",
            ObjectOperationState.Failed => $"Stopped: {Reason}",
            _ => null,
        };

    /// <summary>Those of a bucket that are under way, and the last that ended and nobody has dismissed.</summary>
    public static async Task<IReadOnlyList<ObjectOperationView>> OfAsync(
        IDbContextFactory<PortalDb> dbs,
        Actor actor,
        string bucketId,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var since = now - ShownFor;
        var mine = db.ObjectOperations.AsNoTracking().Where(one => one.AccountId == actor.AccountId && one.BucketId == bucketId);
        var ended = mine.Where(one =>
                one.State != ObjectOperationState.Pending
                && (one.EndedAt > since || one.Failed > 0 || one.State == ObjectOperationState.Failed)
            )
            .OrderByDescending(one => one.EndedAt)
            .Take(EndedShown);
        var running = await mine.Where(one => one.State == ObjectOperationState.Pending).ToListAsync(ct);
        var people = await db
            .Users.Where(user => user.AccountId == actor.AccountId && user.Id != actor.UserId)
            .Select(user => new { user.Id, user.Email })
            .ToDictionaryAsync(user => user.Id, user => user.Email, ct);
        return
        [
            .. running
                .Concat(await ended.ToListAsync(ct))
                .OrderBy(one => one.CreatedAt)
                .ThenBy(one => one.Id, StringComparer.Ordinal)
                .Select(one => Of(one, people.GetValueOrDefault(one.UserId))),
        ];
    }

    /// <param name="by">Who asked for it, if it was somebody else.</param>
    private static ObjectOperationView Of(ObjectOperation one, string? by) =>
        new(
            one.Id,
            one.Kind,
            one.State,
            one.Title,
            by,
            one.Changed,
            one.Failed,
            one.Total,
            one.IsTotalAtLeast,
            one.StartedAt is not null,
            one.CancelledAt is not null,
            one.Waiting,
            one.Reason,
            one.Problems,
            one.IsUnsettled ? one.What : null
        );
}
