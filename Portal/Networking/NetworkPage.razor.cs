using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Networking;

public sealed partial class NetworkPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    EditNetwork edit,
    DeleteNetwork delete,
    LiveUpdates live,
    IDialogService dialogs,
    TimeProvider clock,
    NavigationManager navigation
) : IDisposable
{
    private static readonly (string Tab, string Label)[] Tabs =
    [
        ("overview", "Overview"),
        ("subnets", "Subnets"),
        ("peering", "Peering"),
        ("internet", "Internet"),
        ("events", "Events"),
        ("settings", "Settings"),
    ];

    private static readonly string[] Shows =
    [
        "Networks",
        "Subnets",
        "SecurityGroups",
        "NetworkInterfaces",
        "PublicAddresses",
        "Peerings",
        "Instances",
    ];

    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private NetworkView? view;
    private IDisposable? listening;
    private List<TagRow>? tags;
    private string? name;
    private string? refusal;
    private bool acting;
    private bool subscribed;

    [Parameter]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery]
    public string? Tab { get; set; }

    private string Shown => Array.Exists(Tabs, known => known.Tab == Tab) ? Tab! : "overview";

    private string? Unchanged(string stored) => name is null || name == stored ? "Nothing has been changed." : null;

    private string? Busy => acting ? "Working on it." : null;

    public void Dispose()
    {
        listening?.Dispose();
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
        listening = live.Subscribe(
            seen => (seen.AccountId == account && Shows.Contains(seen.Table, StringComparer.Ordinal)) || seen.Table == "Regions",
            () => InvokeAsync(RefreshAsync)
        );

        // Once more: what changed between the first rendering and the subscription was told to nobody.
        await RefreshAsync();
    }

    private static string Count(int number, string one) => number == 1 ? $"1 {one}" : $"{number} {one}s";

    private string Url(string tab) => tab is "overview" ? $"/networks/{Id}" : $"/networks/{Id}?tab={tab}";

    private async Task RefreshAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    private async Task LoadAsync()
    {
        var turn = loads.Begin();
        var loaded = await NetworkView.LoadAsync(
            dbs,
            prices,
            await current.GetAsync(),
            Id,
            events: Shown is "events",
            clock.GetUtcNow(),
            left.Token
        );
        if (!loads.IsCurrent(turn))
        {
            return;
        }

        var before = view;
        view = loaded;
        if (view is null)
        {
            // One that was being looked at while it went.
            if (before is not null)
            {
                navigation.NavigateTo("/networks");
            }
            else
            {
                navigation.NotFound();
            }
        }
    }

    private async Task<Outcome> RenameAsync() =>
        await edit.RenameAsync(await current.GetAsync(), Id, name ?? view!.Network.Name, CancellationToken.None);

    private async Task<Outcome> TagAsync() =>
        await edit.TagAsync(await current.GetAsync(), Id, TagRow.ToTags(tags!), CancellationToken.None);

    private async Task DeleteAsync()
    {
        var (network, contents) = (view!.Network, view.Contents);
        var question = contents.IsEmpty
            ? new Confirmation(
                $"Delete {network.Name}?",
                "Its subnets and security groups go with it. Nothing else is in it.",
                "Delete",
                network.Name
            )
            : new Confirmation(
                $"Delete {network.Name} and what is in it?",
                $"It holds {contents}.{(contents.Instances.Count > 0 ? $" The instance{(contents.Instances.Count == 1 ? "" : "s")} {Names(contents)} will be terminated, and the disks that go with {(contents.Instances.Count == 1 ? "it" : "them")} are deleted. This cannot be undone." : "")}{(contents.Addresses > 0 ? " Public addresses stay yours, and are still billed." : "")}",
                "Delete all",
                network.Name
            );
        if (!await ConfirmDialog.ShowAsync(dialogs, question))
        {
            return;
        }

        (acting, refusal) = (true, null);
        try
        {
            var done = await delete.RunAsync(await current.GetAsync(), Id, withContents: !contents.IsEmpty, CancellationToken.None);
            refusal = done.Reason;
        }
        finally
        {
            acting = false;
        }

        await LoadAsync();
    }

    private static string Names(NetworkContents contents) =>
        string.Join(", ", contents.Instances.Take(5).Select(instance => instance.Name))
        + (contents.Instances.Count > 5 ? $" and {contents.Instances.Count - 5} more" : "");
}
