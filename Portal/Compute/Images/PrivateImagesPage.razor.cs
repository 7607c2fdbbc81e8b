using Portal.Model.Compute;
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
        return new PrivateImageQuery(Said(Search), StateAmong(PrivateImage.Statuses), order, ascending);
    }

    private Task DeleteAsync() =>
        ActAsync(
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
