using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Model.Storage;
using Portal.Shared;

namespace Portal.Storage;

public sealed partial class VolumePage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    ChangeVolume change,
    VolumeJobs jobs,
    LiveUpdates live,
    IDialogService dialogs,
    TimeProvider clock,
    NavigationManager navigation) : IDisposable
{
    private static readonly (string Tab, string Label)[] Tabs = [("overview", "Overview"), ("snapshots", "Snapshots"), ("metrics", "Metrics"), ("events", "Events")];

    private readonly CancellationTokenSource left = new();
    private readonly LatestLoad loads = new();
    private VolumeView? view;
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

    private string Url(string tab) => tab is "overview" ? $"/volumes/{Id}" : $"/volumes/{Id}?tab={tab}";

    private string? Busy => acting ? "Working on it." : null;

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
        listening = live.Subscribe(seen => seen.AccountId == account && (seen.Id == Id || seen.Table is "Instances" or "Snapshots" or "BackupSchedules"), () => InvokeAsync(RefreshAsync));

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
        var loaded = await VolumeView.LoadAsync(dbs, prices, actor, Id, Shown, clock.GetUtcNow(), left.Token);
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

    private Task AttachAsync(AttachForm.Wish wish) => ActAsync(actor => change.AttachAsync(actor, Id, wish.InstanceId, wish.DeleteOnTermination, CancellationToken.None));

    private Task GrowAsync(int sizeGiB) => ActAsync(actor => change.GrowAsync(actor, Id, sizeGiB, CancellationToken.None));

    private async Task DetachAsync()
    {
        if (await ConfirmDialog.ShowAsync(dialogs, new Confirmation(
            $"Detach {view!.Volume.Name}?", "Unmount it inside the instance first: what the instance has not written to it by then is lost.", "Detach", null)))
        {
            await ActAsync(actor => change.DetachAsync(actor, Id, CancellationToken.None));
        }
    }

    private async Task DeleteAsync()
    {
        var doomed = view!.Volume.Name;
        if (await ConfirmDialog.ShowAsync(dialogs, new Confirmation(
            $"Delete {doomed}?",
            $"Everything on it is deleted. This cannot be undone. This month's bill: {Format.Money(view.Forecast.AtMonthEnd.Total)} → {Format.Money(view.MonthEndWithout)}.",
            "Delete", doomed)))
        {
            await ActAsync(actor => change.DeleteAsync(actor, Id, CancellationToken.None));
        }
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

    private async Task<Outcome> ToggleDeleteOnTerminationAsync() =>
        (await change.KeepAsync(await current.GetAsync(), Id, !view!.Volume.DeleteOnTermination, CancellationToken.None)).Outcome;

    private async Task ActAsync(Func<Actor, Task<VolumeChange>> act)
    {
        (acting, refusal) = (true, null);
        try
        {
            var done = await act(await current.GetAsync());
            jobs.Advance([done]);
            refusal = done.Outcome.Reason;
        }
        finally
        {
            acting = false;
        }

        await LoadAsync();
    }
}
