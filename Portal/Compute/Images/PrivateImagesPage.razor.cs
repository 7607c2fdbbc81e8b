using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

public sealed partial class PrivateImagesPage(ChangeImage change)
{
    private static readonly (string Value, string Label)[] Sorts =
    [
        ("", "Newest first"),
        ("created", "Oldest first"),
        ("name", "Name, A to Z"),
        ("-name", "Name, Z to A"),
        ("size", "Stored, little first"),
        ("-size", "Stored, much first"),
    ];

    /// <summary>Snapshots, for their states; instances, for their names.</summary>
    protected override IReadOnlyCollection<string> Tables { get; } = ["PrivateImages", "Snapshots", "Instances"];

    protected override PrivateImageQuery Ask()
    {
        var (order, ascending) = OrderOf<PrivateImageOrder>();
        return new PrivateImageQuery(
            string.IsNullOrWhiteSpace(Search) ? null : Search,
            PrivateImage.Statuses.Contains(State, StringComparer.Ordinal) ? State : null,
            order,
            ascending
        );
    }

    protected override Task<IReadOnlyDictionary<string, int>> CountAsync(PortalDb db, string accountId, CancellationToken ct) =>
        PrivateImageQuery.CountAsync(db, accountId, Clock.GetUtcNow(), ct);

    protected override Task<(IReadOnlyList<PrivateImageLine> Lines, int Total)> PageAsync(
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
                    "image",
                    "No new instance can be created from them. Existing instances are not affected. This cannot be undone."
                ),
            "being deleted",
            async (actor, ids) =>
            {
                var changes = await change.DeleteAsync(actor, ids, CancellationToken.None);
                return changes.Select(one => (one.Name ?? one.Id, one.Outcome));
            }
        );
}
