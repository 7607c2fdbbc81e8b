using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Model.Storage;
using Portal.Shared;

namespace Portal.Storage;

public sealed partial class SnapshotPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    ChangeSnapshot change,
    SnapshotJobs jobs,
    LiveUpdates live,
    IDialogService dialogs,
    TimeProvider clock,
    NavigationManager navigation) : IDisposable
{
    private static readonly (string Tab, string Label)[] Tabs = [("overview", "Overview"), ("events", "Events")];

    private readonly CancellationTokenSource left = new();
    private readonly LatestLoad loads = new();
    private SnapshotView? view;
    private IDisposable? listening;
    private string? name;
    private string? refusal;
    private bool acting;
    private bool subscribed;

    [Parameter]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery]
    public string? Tab { get; set; }

    private string Shown => Array.Exists(Tabs, known => known.Tab == Tab) ? Tab! : "overview";

    private string Url(string tab) => tab is "overview" ? $"/snapshots/{Id}" : $"/snapshots/{Id}?tab={tab}";

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
        listening = live.Subscribe(seen => seen.AccountId == account && (seen.Id == Id || seen.Id == view?.Snapshot.VolumeId), () => InvokeAsync(RefreshAsync));

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
        var loaded = await SnapshotView.LoadAsync(dbs, prices, actor, Id, events: Shown is "events", clock.GetUtcNow(), left.Token);
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
        var doomed = view!.Snapshot.Name;
        if (!await ConfirmDialog.ShowAsync(dialogs, new Confirmation(
            $"Delete {doomed}?",
            $"What it keeps is deleted. This cannot be undone. Volumes that were made from it stay. This month's bill: {Format.Money(view.Forecast.AtMonthEnd.Total)} → {Format.Money(view.MonthEndWithout)}.",
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

    private async Task<Outcome> RenameAsync()
    {
        var outcome = (await change.RenameAsync(await current.GetAsync(), Id, name ?? "", CancellationToken.None)).Outcome;
        name = outcome.IsDone ? null : name;
        return outcome;
    }

    private async Task<Outcome> TagAsync(IReadOnlyDictionary<string, string> tags)
    {
        var outcome = (await change.TagAsync(await current.GetAsync(), Id, tags, CancellationToken.None)).Outcome;
        await RefreshAsync();
        return outcome;
    }
}
