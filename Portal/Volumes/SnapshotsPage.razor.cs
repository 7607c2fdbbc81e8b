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
        return new SnapshotQuery(Said(Search), StateAmong(Snapshot.Statuses), Said(Tag), order, ascending);
    }

    private Task DeleteAsync() =>
        ActAsync(
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
