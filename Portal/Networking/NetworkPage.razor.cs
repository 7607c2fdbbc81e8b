using MudBlazor;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Networking;

public sealed partial class NetworkPage(PriceList prices, EditNetwork edit, DeleteNetwork delete, IDialogService dialogs)
{
    private List<TagRow>? tags;
    private string? name;

    protected override IReadOnlyList<(string Tab, string Label)> Tabs { get; } =
    [
        ("overview", "Overview"),
        ("subnets", "Subnets"),
        ("peering", "Peering"),
        ("internet", "Internet"),
        ("events", "Events"),
        ("settings", "Settings"),
    ];

    protected override string Path => "/networks";

    private string? Unchanged(string stored) => name is null || name == stored ? "Nothing has been changed." : null;

    protected override Task<NetworkView?> ReadAsync(Actor actor, CancellationToken ct) =>
        NetworkView.LoadAsync(Dbs, prices, actor, Id, events: Shown is "events", Clock.GetUtcNow(), ct);

    protected override bool Concerns(Change seen) =>
        seen.Table
            is "Networks"
                or "Subnets"
                or "SecurityGroups"
                or "NetworkInterfaces"
                or "PublicAddresses"
                or "Peerings"
                or "Instances"
                or "Regions";

    private string Going => $"{View!.Contents} {(View.Contents.Instances.Count == 1 ? "has" : "have")}";

    private string Internet =>
        View!.Network switch
        {
            { IsNatOn: true } => "NAT on",
            { IsNatWanted: true } => "being turned on",
            _ => "off",
        };

    private async Task<Outcome> RenameAsync() =>
        await edit.RenameAsync(await Current.GetAsync(), Id, name ?? View!.Network.Name, CancellationToken.None);

    private async Task<Outcome> TagAsync() =>
        await edit.TagAsync(await Current.GetAsync(), Id, TagRow.ToTags(tags!), CancellationToken.None);

    private async Task DeleteAsync()
    {
        var (network, contents) = (View!.Network, View.Contents);
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

        await ActAsync(async actor =>
        {
            var done = await delete.RunAsync(actor, Id, withContents: !contents.IsEmpty, CancellationToken.None);

            return done.Refusal;
        });
    }

    private static string Names(NetworkContents contents) =>
        string.Join(", ", contents.Instances.Take(5).Select(instance => instance.Name))
        + (contents.Instances.Count > 5 ? $" and {contents.Instances.Count - 5} more" : "");
}
