using System.Globalization;
using MudBlazor;
using Portal.Model.Accounts;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Networking;

public sealed partial class SecurityGroupPage(SecurityGroups groups, IDialogService dialogs)
{
    private List<RuleRow> inbound = [],
        outbound = [];
    private IReadOnlyList<NewRule> saved = [];
    private string? name;
    private string? myAddress;
    private bool isChangedElsewhere;
    private bool saving;

    protected override string Path => "/security-groups";

    private IReadOnlyList<NewRule> Edited => [.. inbound.Concat(outbound).Select(row => row.ToRule())];

    private bool IsDirty => !Edited.SequenceEqual(saved);

    private string? WhyNotSave =>
        saving
            ? "It is being saved."
            : View!.Network.WhyNotChange
                ?? (IsDirty ? SecurityGroups.WhyNot(Edited, [.. View.Groups.Select(group => group.Id)]) : "Nothing was changed.");

    /// <summary>Whether the engine has the rules as they were saved last, and how long that took.</summary>
    private string Applied =>
        View!.Group switch
        {
            { ChangedAt: null } => "",
            { AppliedAfter: { } took } => took.TotalSeconds < 60
                ? $"Applied in {took.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture)} s"
                : "Applied",
            _ => "Applying…",
        };

    protected override Task<SecurityGroupView?> ReadAsync(Actor actor, CancellationToken ct) =>
        SecurityGroupView.LoadAsync(Dbs, actor, Id, ct);

    protected override bool Concerns(Change seen) => seen.Table is "SecurityGroups" or "Networks" or "NetworkInterfaces" or "Instances";

    protected override async Task OnParametersSetAsync()
    {
        // Behind a proxy this is its client's, where the operator has said that there is one.
        myAddress = (await Current.GetAsync()).From is { } from
            ? $"{(from.IsIPv4MappedToIPv6 ? from.MapToIPv4() : from.Equals(System.Net.IPAddress.IPv6Loopback) ? System.Net.IPAddress.Loopback : from)}"
            : null;
        myAddress = myAddress is { } address && AddressRanges.Parse(address).IsDone ? $"{address}/32" : null;
        await base.OnParametersSetAsync();
        if (View is not null)
        {
            Discard();
        }
    }

    protected override Task OnLoadedAsync(SecurityGroupView? before)
    {
        // What is being edited stays; what nobody is editing follows what was saved elsewhere.
        var stored = Stored();
        if (before is not null && !stored.SequenceEqual(saved))
        {
            if (IsDirty)
            {
                isChangedElsewhere = true;
            }
            else
            {
                Discard();
            }
        }

        return Task.CompletedTask;
    }

    private List<NewRule> Stored() =>
        [.. View!.Group.Rules.OrderBy(rule => rule.Direction).ThenBy(rule => rule.Id).Select(rule => RuleRow.Of(rule).ToRule())];

    /// <summary>The rules as they are saved.</summary>
    private void Discard()
    {
        var rules = View!.Group.Rules.OrderBy(rule => rule.Id).ToList();
        inbound = [.. rules.Where(rule => rule.Direction is RuleDirection.Inbound).Select(RuleRow.Of)];
        outbound = [.. rules.Where(rule => rule.Direction is RuleDirection.Outbound).Select(RuleRow.Of)];
        (saved, isChangedElsewhere, Refusal) = (Edited, false, null);
    }

    private async Task SaveAsync()
    {
        saving = true;
        try
        {
            await ActAsync(async actor =>
            {
                var rules = Edited;
                var done = await groups.SaveRulesAsync(actor, Id, rules, CancellationToken.None);
                if (done.IsDone)
                {
                    saved = rules;
                }

                return done.Refusal;
            });
        }
        finally
        {
            saving = false;
        }
    }

    private async Task<Outcome> RenameAsync() =>
        (await groups.RenameAsync(await Current.GetAsync(), Id, name ?? View!.Group.Name, CancellationToken.None)).Refusal;

    private async Task DeleteAsync()
    {
        var group = View!.Group;
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Delete the group {group.Name}?",
                    "No interface is in it, and no rule refers to it.",
                    "Delete",
                    group.Name
                )
            )
        )
        {
            await ActAsync(async actor => (await groups.DeleteAsync(actor, Id, CancellationToken.None)).Refusal);
        }
    }
}
