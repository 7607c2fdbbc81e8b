using Microsoft.AspNetCore.Components;
using MudBlazor;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

public sealed partial class InstancePage(PriceList prices, ChangeInstance change, TagInstance tag, SshKeyMaker keys, IDialogService dialogs)
{
    private string? keyFile;

    [SupplyParameterFromQuery]
    public string? Kind { get; set; }

    /// <summary>Of the metrics.</summary>
    [SupplyParameterFromQuery]
    public string? Range { get; set; }

    protected override IReadOnlyList<(string Tab, string Label)> Tabs { get; } =
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

    protected override string Path => "/instances";

    private SshLine? Ssh =>
        View is { Instance: var instance, Region: var region }
            ? SshLine.Of(instance.Id, instance.HostKeyNow, instance.SshUserNow, region.PublicHost, instance.PublicPort, keyFile)
            : null;

    protected override Task<InstanceView?> ReadAsync(Actor actor, CancellationToken ct) =>
        InstanceView.LoadAsync(Dbs, prices, actor, Id, events: Shown is "events", volumes: Shown is "volumes", Clock.GetUtcNow(), ct);

    protected override bool Concerns(Change seen) => seen.Id == Id || seen.Table is "Volumes" or "BackupSchedules";

    protected override async Task OnConnectedAsync()
    {
        if (View!.Fingerprint is { } fingerprint)
        {
            keyFile = await keys.FileOfAsync(fingerprint);
        }
    }

    private async Task<Outcome> TagAsync(IReadOnlyDictionary<string, string> tags)
    {
        var outcome = await tag.RunAsync(await Current.GetAsync(), Id, tags, CancellationToken.None);
        await RefreshAsync();
        return outcome;
    }

    private async Task StopAsync()
    {
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Stop {View!.Instance.Name}?",
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
        var name = View!.Instance.Name;
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

    private Task ActAsync(InstanceAction action) =>
        ActAsync(async actor =>
        {
            var done = await change.RunAsync(actor, action, Id, CancellationToken.None);
            return done.Outcome;
        });
}
