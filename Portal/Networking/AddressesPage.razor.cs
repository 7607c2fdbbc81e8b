using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Networking;

public sealed partial class AddressesPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    PublicAddresses addresses,
    LiveUpdates live,
    IDialogService dialogs,
    TimeProvider clock
) : IDisposable
{
    private static readonly string[] Shows = ["PublicAddresses", "NetworkInterfaces", "Networks", "Instances", "Cards", "Users"];

    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private AddressesView? view;
    private IDisposable? listening;
    private string? refusal;
    private bool acting;

    private string? WhyNotAllocate =>
        acting
            ? "Working on it."
            : view!.WhyNoBilling
                ?? (
                    view.Addresses.Count >= view.Limit
                        ? $"Your quota is {Counted.Of(view.Limit, "public address")}: release one you no longer need, or ask support for more."
                        : null
                );

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
            var account = (await current.GetAsync()).AccountId;
            listening = live.Subscribe(
                seen => (seen.AccountId == account && Shows.Contains(seen.Table, StringComparer.Ordinal)) || seen.Table == "Regions",
                () => InvokeAsync(RefreshAsync)
            );
        }
    }

    private async Task RefreshAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    private async Task LoadAsync()
    {
        var turn = loads.Begin();
        var loaded = await AddressesView.LoadAsync(dbs, prices, await current.GetAsync(), clock.GetUtcNow(), left.Token);
        view = loads.IsCurrent(turn) ? loaded : view;
    }

    /// <summary>What this one can be assigned to: what it leads to, and what has none.</summary>
    private IEnumerable<AddressTarget> Targets(PublicAddress address) =>
        view!.Targets.Where(target =>
            target.InterfaceId == address.InterfaceId || !view.Addresses.Any(other => other.Address.InterfaceId == target.InterfaceId)
        );

    private async Task AllocateAsync()
    {
        acting = true;
        try
        {
            refusal = (
                await addresses.AllocateAsync(
                    await current.GetAsync(),
                    view!.Region.Id,
                    $"address-{view.Addresses.Count + 1}",
                    CancellationToken.None
                )
            ).Reason;
        }
        finally
        {
            acting = false;
        }

        await LoadAsync();
    }

    private async Task LeadAsync(AddressRow row, string? interfaceId)
    {
        var actor = await current.GetAsync();
        await DoneAsync(
            string.IsNullOrEmpty(interfaceId)
                ? await addresses.DisassociateAsync(actor, row.Address.Id, CancellationToken.None)
                : await addresses.AssociateAsync(actor, row.Address.Id, interfaceId, CancellationToken.None)
        );
    }

    private async Task<string?> LeadToAsync(AddressRow row, IReadOnlyList<int> guestPorts)
    {
        var done = await addresses.LeadToAsync(await current.GetAsync(), row.Address.Id, guestPorts, CancellationToken.None);
        if (done.IsDone)
        {
            await DoneAsync(done);
        }

        return done.Reason;
    }

    private async Task ReleaseAsync(AddressRow row)
    {
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Release {row.Address.Label}?",
                    "It costs nothing from then on. Somebody else may get it: you cannot count on having it back.",
                    "Release",
                    row.Address.Name
                )
            )
        )
        {
            await DoneAsync(await addresses.ReleaseAsync(await current.GetAsync(), row.Address.Id, CancellationToken.None));
        }
    }

    private Task DoneAsync(Outcome<PublicAddress> outcome)
    {
        refusal = outcome.Reason;
        return LoadAsync();
    }
}
