using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Home;

/// <summary>The first page after signing in: what runs, what it costs, what needs attention, what happened.</summary>
public sealed partial class DashboardPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    LiveUpdates live,
    TimeProvider clock
) : IDisposable
{
    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private Dashboard? view;
    private IDisposable? listening;

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            // Everything of the account: any of it may be an event. Samples come each minute, and the costs go on with them.
            var account = (await current.GetAsync()).AccountId;
            listening = live.Subscribe(
                change => change.AccountId == account,
                () =>
                    InvokeAsync(async () =>
                    {
                        await LoadAsync();
                        StateHasChanged();
                    })
            );
        }
    }

    private async Task LoadAsync()
    {
        var turn = loads.Begin();
        var loaded = await Dashboard.LoadAsync(dbs, prices, await current.GetAsync(), clock.GetUtcNow(), left.Token);
        view = loads.IsCurrent(turn) ? loaded : view;
    }

    private string StateSummary =>
        string.Join(
            " · ",
            view!
                .States.Where(state => state.Key is not "running")
                .OrderBy(state => state.Key, StringComparer.Ordinal)
                .Select(state => $"{state.Value:N0} {state.Key}")
        );
}
