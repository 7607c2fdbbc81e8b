using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Operators;

public sealed partial class OverviewPage(IDbContextFactory<PortalDb> dbs, CurrentActor current, LiveUpdates live, TimeProvider clock)
    : IDisposable
{
    private readonly PageLifetime left = new();
    private Overview? view;
    private IDisposable? listening;

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
        {
            listening = live.Subscribe(
                seen => seen.Table is "Regions" or "Incidents" or "Instances" or "Mails" or "Accounts",
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
        await current.GetOperatorAsync();
        view = await Overview.LoadAsync(dbs, clock.GetUtcNow(), left.Token);
    }
}
