using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>
/// A page of one resource of the account. The tab lives in the address; changes are pushed; what is not the account's is not found, and
/// from what went while it was looked at one is led to the list. The page of a kind says what it loads, and which changes concern it.
/// </summary>
/// <typeparam name="TView">What it shows, read from the database in one go.</typeparam>
public abstract class ResourcePage<TView> : PortalComponent, IDisposable
    where TView : class
{
    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private IDisposable? listening;
    private bool subscribed;

    /// <summary>Of what is shown.</summary>
    private string? shownId;

    /// <summary>As the address has it; of a bucket its name.</summary>
    [Parameter]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery]
    public string? Tab { get; set; }

    [Inject]
    protected IDbContextFactory<PortalDb> Dbs { get; set; } = null!;

    [Inject]
    protected CurrentActor Current { get; set; } = null!;

    [Inject]
    protected TimeProvider Clock { get; set; } = null!;

    [Inject]
    private LiveUpdates Live { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    /// <summary>Null until the first answer.</summary>
    protected TView? View { get; private set; }

    /// <summary>The first is shown if the address names none; none on a page that shows everything at once.</summary>
    protected virtual IReadOnlyList<(string Tab, string Label)> Tabs => [];

    /// <summary>Of all resources of the kind, e.g. <c>/volumes</c>.</summary>
    protected abstract string Path { get; }

    protected string Shown => Tabs.FirstOrDefault(known => known.Tab == Tab, Tabs is [var first, ..] ? first : default).Tab ?? "";

    /// <summary>Something was asked for and is not accepted yet.</summary>
    protected bool Acting { get; private set; }

    /// <summary>Why nothing can be done with it at the moment; null if something can.</summary>
    protected string? Busy => Acting ? "Working on it." : null;

    /// <summary>Why the last request was refused.</summary>
    protected string? Refusal { get; set; }

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Left => left.Token;

    public virtual void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Null if the account has no such resource.</summary>
    protected abstract Task<TView?> ReadAsync(Actor actor, CancellationToken ct);

    /// <summary>Whether a change in this account, or of what belongs to all, changes what the page shows.</summary>
    protected abstract bool Concerns(Change seen);

    /// <summary>Once, as soon as there is a browser that can be asked something.</summary>
    protected virtual Task OnConnectedAsync() => Task.CompletedTask;

    /// <summary>Each time that <see cref="View"/> has been loaded.</summary>
    /// <param name="before">What was shown of the same resource until now, if anything was.</param>
    protected virtual Task OnLoadedAsync(TView? before) => Task.CompletedTask;

    /// <summary>It is not there: it never was, or went while it was looked at, and is still shown.</summary>
    protected virtual void OnGone(bool wasShown)
    {
        if (wasShown)
        {
            Navigation.NavigateTo(Path);
        }
        else
        {
            Navigation.NotFound();
        }
    }

    protected string Url(string tab) => tab == Tabs[0].Tab ? $"{Path}/{Id}" : $"{Path}/{Id}?tab={tab}";

    protected override Task OnParametersSetAsync() => LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // The first rendering may come before the first loading is done.
        if (subscribed || View is null)
        {
            return;
        }

        subscribed = true;
        var account = (await Current.GetAsync()).AccountId;
        listening = Live.Subscribe(
            seen => (seen.AccountId == account || seen.AccountId == Change.NoAccount) && Concerns(seen),
            () => InvokeAsync(RefreshAsync)
        );
        await OnConnectedAsync();

        // Once more: what changed between the first rendering and the subscription was told to nobody.
        await RefreshAsync();
    }

    protected async Task RefreshAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    protected async Task ActAsync(Func<Actor, Task<Outcome>> act)
    {
        (Acting, Refusal) = (true, null);
        try
        {
            Refusal = (await act(await Current.GetAsync())).Reason;
        }
        finally
        {
            Acting = false;
        }

        await LoadAsync();
    }

    /// <summary>For what a press or its question has changed: whoever presses is rendered afterwards.</summary>
    protected async Task LoadAsync()
    {
        var actor = await Current.GetAsync();
        var turn = loads.Begin();
        var loaded = await ReadAsync(actor, left.Token);
        if (!loads.IsCurrent(turn))
        {
            return;
        }

        var before = shownId == Id ? View : null;
        if (loaded is null)
        {
            View = before;
            OnGone(wasShown: before is not null);
            return;
        }

        (View, shownId) = (loaded, Id);
        await OnLoadedAsync(before);
    }
}
