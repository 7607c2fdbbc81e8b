using MudBlazor;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

public sealed partial class PrivateImagePage(PriceList prices, ChangeImage change, IDialogService dialogs)
{
    private string? name,
        description;

    protected override IReadOnlyList<(string Tab, string Label)> Tabs { get; } = [("overview", "Overview"), ("events", "Events")];

    protected override string Path => "/images";

    private bool IsChanged =>
        (name is not null && name != View!.Image.Name) || (description is not null && description != View!.Image.Description);

    protected override Task<PrivateImageView?> ReadAsync(Actor actor, CancellationToken ct) =>
        PrivateImageView.LoadAsync(Dbs, prices, actor, Id, events: Shown is "events", Clock.GetUtcNow(), ct);

    protected override bool Concerns(Change seen) => seen.Id == Id || seen.Id == View?.Image.SnapshotId || seen.Table is "Volumes";

    private async Task DeleteAsync()
    {
        var doomed = View!.Image.Name;
        if (
            !await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Delete {doomed}?",
                    $"No new instance can be created from it.{(View.Used == 0 ? "" : $" The {Format.Count(View.Used, "instance")} created from it {(View.Used == 1 ? "is" : "are")} not affected.")} This cannot be undone. This month's bill: {Format.Money(View.Forecast.AtMonthEnd.Total)} → {Format.Money(View.MonthEndWithout)}.",
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

    private async Task<Outcome> DescribeAsync()
    {
        var outcome = (
            await change.DescribeAsync(
                await Current.GetAsync(),
                Id,
                name ?? View!.Image.Name,
                description ?? View!.Image.Description,
                CancellationToken.None
            )
        ).Outcome;
        (name, description) = outcome.IsDone ? (null, null) : (name, description);
        return outcome;
    }
}
