using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Volumes;

public sealed partial class SnapshotsPage(ChangeSnapshot change)
{
    private static readonly (string Value, string Label)[] Sorts =
    [
        ("", "Newest first"),
        ("created", "Oldest first"),
        ("name", "Name, A to Z"),
        ("-name", "Name, Z to A"),
        ("state", "State"),
        ("size", "Stored, little first"),
        ("-size", "Stored, much first"),
    ];

    /// <summary>Volumes, for their names.</summary>
    protected override IReadOnlyCollection<string> Tables { get; } = ["Snapshots", "Volumes"];

    protected override SnapshotQuery Ask()
    {
        var (order, ascending) = OrderOf<SnapshotOrder>();
        return new SnapshotQuery(
            string.IsNullOrWhiteSpace(Search) ? null : Search,
            Snapshot.Statuses.Contains(State, StringComparer.Ordinal) ? State : null,
            string.IsNullOrWhiteSpace(Tag) ? null : Tag,
            order,
            ascending
        );
    }

    protected override Task<IReadOnlyDictionary<string, int>> CountAsync(PortalDb db, string accountId, CancellationToken ct) =>
        SnapshotQuery.CountAsync(db, accountId, Clock.GetUtcNow(), ct);

    protected override Task<(IReadOnlyList<SnapshotLine> Lines, int Total)> PageAsync(
        PortalDb db,
        string accountId,
        int start,
        int count,
        CancellationToken ct
    ) => Query!.PageAsync(db, accountId, Clock.GetUtcNow(), start, count, ct);

    private Task DeleteAsync() =>
        ActAsync(
            (db, account) => Query!.IdsAsync(db, account, Clock.GetUtcNow(), Left),
            count =>
                Confirmation.ToDelete(
                    count,
                    "snapshot",
                    "What they keep is deleted. This cannot be undone. Volumes that were made from them stay."
                ),
            "being deleted",
            async (actor, ids) =>
            {
                var changes = await change.DeleteAsync(actor, ids, CancellationToken.None);
                return changes.Select(one => (one.Name ?? one.Id, one.Outcome));
            }
        );
}
