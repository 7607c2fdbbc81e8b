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
        return new VolumeQuery(Said(Search), StateAmong(Volume.Statuses), Said(Tag), order, ascending);
    }

    private static string Progress(VolumeLine line) =>
        line.IsWaiting ? " (waits)"
        : line.IsGrowing ? " (grows)"
        : "";

    private Task DeleteAsync() =>
        ActAsync(
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
