using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Volumes;

public sealed partial class VolumesPage(ChangeVolume change)
{
    private static readonly (string Value, string Label)[] Sorts =
    [
        ("", "Newest first"),
        ("created", "Oldest first"),
        ("name", "Name, A to Z"),
        ("-name", "Name, Z to A"),
        ("state", "State"),
        ("size", "Size, small first"),
        ("-size", "Size, large first"),
    ];

    /// <summary>Instances, for their names.</summary>
    protected override IReadOnlyCollection<string> Tables { get; } = ["Volumes", "Instances"];

    protected override VolumeQuery Ask()
    {
        var (order, ascending) = OrderOf<VolumeOrder>();
        return new VolumeQuery(
            string.IsNullOrWhiteSpace(Search) ? null : Search,
            Volume.Statuses.Contains(State, StringComparer.Ordinal) ? State : null,
            string.IsNullOrWhiteSpace(Tag) ? null : Tag,
            order,
            ascending
        );
    }

    protected override Task<IReadOnlyDictionary<string, int>> CountAsync(PortalDb db, string accountId, CancellationToken ct) =>
        VolumeQuery.CountAsync(db, accountId, Clock.GetUtcNow(), ct);

    protected override Task<(IReadOnlyList<VolumeLine> Lines, int Total)> PageAsync(
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
                    "volume",
                    "Those attached to an instance are skipped. Everything on the others is deleted. This cannot be undone."
                ),
            "being deleted",
            async (actor, ids) =>
            {
                var changes = await change.DeleteAsync(actor, ids, CancellationToken.None);
                return changes.Select(one => (one.Name ?? one.Id, one.Outcome));
            }
        );
}
