using MudBlazor;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Volumes;

public sealed partial class SnapshotPage(PriceList prices, ChangeSnapshot change, IDialogService dialogs)
{
    private string? name;

    protected override IReadOnlyList<(string Tab, string Label)> Tabs { get; } = [("overview", "Overview"), ("events", "Events")];

    protected override string Path => "/snapshots";

    protected override Task<SnapshotView?> ReadAsync(Actor actor, CancellationToken ct) =>
        SnapshotView.LoadAsync(Dbs, prices, actor, Id, events: Shown is "events", Clock.GetUtcNow(), ct);

    protected override bool Concerns(Change seen) => seen.Id == Id || seen.Id == View?.Snapshot.VolumeId;

    private static string NewInstanceUrl(Snapshot snapshot) =>
        snapshot.PrivateImageId is { } own ? $"/instances/new?image={own}" : $"/instances/new?snapshot={snapshot.Id}";

    private async Task DeleteAsync()
    {
        var doomed = View!.Snapshot.Name;
        if (
            !await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Delete {doomed}?",
                    $"What it keeps is deleted. This cannot be undone. Volumes that were made from it stay. This month's bill: {Format.Money(View.Forecast.AtMonthEnd.Total)} → {Format.Money(View.MonthEndWithout)}.",
                    "Delete",
                    doomed
                )
            )
        )
        {
            return;
        }

        await ActAsync(async actor => (await change.DeleteAsync(actor, Id, CancellationToken.None)).Outcome);
    }

    private async Task<Outcome> RenameAsync()
    {
        var outcome = (await change.RenameAsync(await Current.GetAsync(), Id, name ?? "", CancellationToken.None)).Outcome;
        name = outcome.IsDone ? null : name;
        return outcome;
    }

    private async Task<Outcome> TagAsync(IReadOnlyDictionary<string, string> tags)
    {
        var outcome = (await change.TagAsync(await Current.GetAsync(), Id, tags, CancellationToken.None)).Outcome;
        await RefreshAsync();
        return outcome;
    }
}
