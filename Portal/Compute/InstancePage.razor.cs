using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

public sealed partial class InstancePage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    ChangeInstance change,
    TagInstance tag,
    SshKeyMaker keys,
    LiveUpdates live,
    IDialogService dialogs,
    TimeProvider clock,
    NavigationManager navigation
) : IDisposable
{
    private static readonly (string Tab, string Label)[] Tabs =
    [
        ("overview", "Overview"),
        ("volumes", "Volumes"),
        ("metrics", "Metrics"),
        ("networking", "Networking"),
        ("console", "Console"),
        ("log", "Log"),
        ("events", "Events"),
        ("settings", "Settings"),
    ];

    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private InstanceView? view;
    private IDisposable? listening;
    private SshLine? ssh;
    private string? keyFile;
    private string? refusal;
    private bool acting;
    private bool subscribed;

    [Parameter]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery]
    public string? Tab { get; set; }

    [SupplyParameterFromQuery]
    public string? Kind { get; set; }

    /// <summary>Of the metrics.</summary>
    [SupplyParameterFromQuery]
    public string? Range { get; set; }

    private string Shown => Array.Exists(Tabs, known => known.Tab == Tab) ? Tab! : "overview";

    private string Url(string tab) => tab is "overview" ? $"/instances/{Id}" : $"/instances/{Id}?tab={tab}";

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
            seen => seen.AccountId == account && (seen.Id == Id || seen.Table is "Volumes" or "BackupSchedules"),
            () => InvokeAsync(RefreshAsync)
        );
        if (view.Fingerprint is { } fingerprint)
        {
            keyFile = await keys.FileOfAsync(fingerprint);
        }

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
        var loaded = await InstanceView.LoadAsync(
            dbs,
            prices,
            actor,
            Id,
            events: Shown is "events",
            volumes: Shown is "volumes",
            clock.GetUtcNow(),
            left.Token
        );
        if (!loads.IsCurrent(turn))
        {
            return;
        }

        view = loaded;
        if (view is null)
        {
            navigation.NotFound();
            return;
        }

        var instance = view.Instance;
        ssh = SshLine.Of(instance.Id, instance.HostKeyNow, instance.SshUserNow, view.Region.PublicHost, instance.PublicPort, keyFile);
    }

    private async Task<Outcome> TagAsync(IReadOnlyDictionary<string, string> tags)
    {
        var outcome = await tag.RunAsync(await current.GetAsync(), Id, tags, CancellationToken.None);
        await RefreshAsync();
        return outcome;
    }

    private async Task StopAsync()
    {
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Stop {view!.Instance.Name}?",
                    "It shuts down. Its disk stays, and is still billed; computing is not.",
                    "Stop",
                    null
                )
            )
        )
        {
            await ActAsync(InstanceAction.Stop);
        }
    }

    private async Task TerminateAsync()
    {
        var name = view!.Instance.Name;
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Terminate {name}?",
                    "Its disk and everything on it are deleted. This cannot be undone.",
                    "Terminate",
                    name
                )
            )
        )
        {
            await ActAsync(InstanceAction.Terminate);
        }
    }

    private async Task ActAsync(InstanceAction action)
    {
        (acting, refusal) = (true, null);
        try
        {
            var done = await change.RunAsync(await current.GetAsync(), action, Id, CancellationToken.None);
            refusal = done.Outcome.Reason;
        }
        finally
        {
            acting = false;
        }

        await LoadAsync();
    }
}
