using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

public sealed partial class PrivateImagesPage(ChangeImage change, ImageJobs jobs, IDialogService dialogs)
{
    private static readonly (string Value, string Label)[] Sorts =
        [("", "Newest first"), ("created", "Oldest first"), ("name", "Name, A to Z"), ("-name", "Name, Z to A"), ("size", "Stored, little first"), ("-size", "Stored, much first")];

    private BulkResult? result;
    private bool acting;

    /// <summary>Snapshots, for their states; instances, for their names.</summary>
    protected override IReadOnlyCollection<string> Tables { get; } = ["PrivateImages", "Snapshots", "Instances"];

    protected override PrivateImageQuery Ask()
    {
        var (order, ascending) = OrderOf<PrivateImageOrder>();
        return new PrivateImageQuery(string.IsNullOrWhiteSpace(Search) ? null : Search, PrivateImage.Statuses.Contains(State, StringComparer.Ordinal) ? State : null, order, ascending);
    }

    protected override Task<IReadOnlyDictionary<string, int>> CountAsync(PortalDb db, string accountId, CancellationToken ct) =>
        PrivateImageQuery.CountAsync(db, accountId, Clock.GetUtcNow(), ct);

    protected override Task<(IReadOnlyList<PrivateImageLine> Lines, int Total)> PageAsync(PortalDb db, string accountId, int start, int count, CancellationToken ct) =>
        Query!.PageAsync(db, accountId, Clock.GetUtcNow(), start, count, ct);

    private async Task DeleteAsync()
    {
        var actor = await Current.GetAsync();
        var ids = await SelectedAsync((db, account) => Query!.IdsAsync(db, account, Clock.GetUtcNow(), Left));
        var what = Format.Count(ids.Count, "image");
        if (ids.Count == 0 || !await ConfirmDialog.ShowAsync(dialogs, new Confirmation(
            $"Delete {what}?", "No new instance can begin as they are. Instances that did go on as before. This cannot be undone.", $"Delete {what}", $"delete {ids.Count}")))
        {
            return;
        }

        acting = true;
        StateHasChanged();
        try
        {
            var changes = await change.DeleteAsync(actor, ids, CancellationToken.None);
            jobs.Advance(changes);
            result = BulkResult.Of("being deleted", [.. changes.Select(one => (one.Name ?? one.Id, one.Outcome))]);
            Selection.SetAll(false);
        }
        finally
        {
            acting = false;
        }
    }
}
