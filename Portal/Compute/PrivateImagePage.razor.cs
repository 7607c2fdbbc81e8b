using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

public sealed partial class PrivateImagePage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    ChangeImage change,
    ImageJobs jobs,
    LiveUpdates live,
    IDialogService dialogs,
    TimeProvider clock,
    NavigationManager navigation) : IDisposable
{
    private static readonly (string Tab, string Label)[] Tabs = [("overview", "Overview"), ("events", "Events")];

    private readonly CancellationTokenSource left = new();
    private readonly LatestLoad loads = new();
    private PrivateImageView? view;
    private IDisposable? listening;
    private string? name, description, refusal;
    private bool acting;
    private bool subscribed;

    [Parameter]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery]
    public string? Tab { get; set; }

    private string Shown => Array.Exists(Tabs, known => known.Tab == Tab) ? Tab! : "overview";

    private bool IsChanged => (name is not null && name != view!.Image.Name) || (description is not null && description != view!.Image.Description);

    private string Url(string tab) => tab is "overview" ? $"/images/{Id}" : $"/images/{Id}?tab={tab}";

    public void Dispose()
    {
        listening?.Dispose();
        left.Cancel();
        left.Dispose();
    }

    protected override Task OnParametersSetAsync() => LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // The first rendering may come before the first loading is done.
        if (subscribed || view is null)
        {
            return;
        }

        subscribed = true;
        var account = (await current.GetAsync()).AccountId;
        listening = live.Subscribe(seen => seen.AccountId == account && (seen.Id == Id || seen.Id == view?.Image.SnapshotId || seen.Table is "Volumes"), () => InvokeAsync(RefreshAsync));

        // Once more: what changed between the first rendering and the subscription was told to nobody.
        await RefreshAsync();
    }

    private async Task RefreshAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    private async Task LoadAsync()
    {
        var actor = await current.GetAsync();
        var turn = loads.Begin();
        var loaded = await PrivateImageView.LoadAsync(dbs, prices, actor, Id, events: Shown is "events", clock.GetUtcNow(), left.Token);
        if (!loads.IsToBeShown(turn))
        {
            return;
        }

        view = loaded;
        if (view is null)
        {
            navigation.NotFound();
        }
    }

    private async Task DeleteAsync()
    {
        var doomed = view!.Image.Name;
        if (!await ConfirmDialog.ShowAsync(dialogs, new Confirmation(
            $"Delete {doomed}?",
            $"No new instance can begin as it. {(view.Used == 0 ? "None did." : $"The {Format.Count(view.Used, "instance")} that did {(view.Used == 1 ? "goes" : "go")} on as before.")} This cannot be undone. This month's bill: {Format.Money(view.Forecast.AtMonthEnd.Total)} → {Format.Money(view.MonthEndWithout)}.",
            "Delete", doomed)))
        {
            return;
        }

        (acting, refusal) = (true, null);
        try
        {
            var done = await change.DeleteAsync(await current.GetAsync(), Id, CancellationToken.None);
            jobs.Advance([done]);
            refusal = done.Outcome.Reason;
        }
        finally
        {
            acting = false;
        }

        await LoadAsync();
    }

    private async Task<Outcome> DescribeAsync()
    {
        var outcome = (await change.DescribeAsync(await current.GetAsync(), Id, name ?? view!.Image.Name, description ?? view!.Image.Description, CancellationToken.None)).Outcome;
        (name, description) = outcome.IsDone ? (null, null) : (name, description);
        return outcome;
    }
}
