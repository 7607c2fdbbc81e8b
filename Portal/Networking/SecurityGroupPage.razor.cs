using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Networking;

public sealed partial class SecurityGroupPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    SecurityGroups groups,
    LiveUpdates live,
    IDialogService dialogs,
    NavigationManager navigation
) : IDisposable
{
    private static readonly string[] Shows = ["SecurityGroups", "Networks", "NetworkInterfaces", "Instances"];

    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private SecurityGroupView? view;
    private IDisposable? listening;
    private List<RuleRow> inbound = [],
        outbound = [];
    private IReadOnlyList<NewRule> saved = [];
    private string? name;
    private string? refusal;
    private string? myAddress;
    private bool isChangedElsewhere;
    private bool saving;
    private bool subscribed;

    [Parameter]
    public string Id { get; set; } = "";

    private IReadOnlyList<NewRule> Edited => [.. inbound.Concat(outbound).Select(row => row.ToRule())];

    private bool IsDirty => !Edited.SequenceEqual(saved);

    private string? WhyNotSave =>
        saving
            ? "It is being saved."
            : view!.Network.WhyNotChange
                ?? (IsDirty ? SecurityGroups.WhyNot(Edited, [.. view.Groups.Select(group => group.Id)]) : "Nothing was changed.");

    /// <summary>Whether the engine has the rules as they were saved last, and how long that took.</summary>
    private string Applied =>
        view!.Group switch
        {
            { ChangedAt: null } => "",
            { AppliedAfter: { } took } => took.TotalSeconds < 60
                ? $"Applied in {took.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture)} s"
                : "Applied",
            _ => "Applying…",
        };

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override async Task OnParametersSetAsync()
    {
        // Behind a proxy this is its client's, where the operator has said that there is one.
        myAddress = (await current.GetAsync()).From is { } from
            ? $"{(from.IsIPv4MappedToIPv6 ? from.MapToIPv4() : from.Equals(System.Net.IPAddress.IPv6Loopback) ? System.Net.IPAddress.Loopback : from)}"
            : null;
        myAddress = myAddress is { } address && AddressRanges.Parse(address).IsDone ? $"{address}/32" : null;
        await LoadAsync();
        if (view is not null)
        {
            Discard();
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (subscribed || view is null)
        {
            return;
        }

        subscribed = true;
        var account = (await current.GetAsync()).AccountId;
        listening = live.Subscribe(
            seen => seen.AccountId == account && Shows.Contains(seen.Table, StringComparer.Ordinal),
            () => InvokeAsync(RefreshAsync)
        );
        await RefreshAsync();
    }

    private async Task RefreshAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    private async Task LoadAsync()
    {
        var turn = loads.Begin();
        var loaded = await SecurityGroupView.LoadAsync(dbs, await current.GetAsync(), Id, left.Token);
        if (!loads.IsCurrent(turn))
        {
            return;
        }

        var before = view;
        view = loaded;
        if (view is null)
        {
            if (before is null)
            {
                navigation.NotFound();
            }
            else
            {
                navigation.NavigateTo("/security-groups");
            }

            return;
        }

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
    }

    private List<NewRule> Stored() =>
        [.. view!.Group.Rules.OrderBy(rule => rule.Direction).ThenBy(rule => rule.Id).Select(rule => RuleRow.Of(rule).ToRule())];

    /// <summary>The rules as they are saved.</summary>
    private void Discard()
    {
        var rules = view!.Group.Rules.OrderBy(rule => rule.Id).ToList();
        inbound = [.. rules.Where(rule => rule.Direction is RuleDirection.Inbound).Select(RuleRow.Of)];
        outbound = [.. rules.Where(rule => rule.Direction is RuleDirection.Outbound).Select(RuleRow.Of)];
        (saved, isChangedElsewhere, refusal) = (Edited, false, null);
    }

    private async Task SaveAsync()
    {
        (saving, refusal) = (true, null);
        try
        {
            var rules = Edited;
            var done = await groups.SaveRulesAsync(await current.GetAsync(), Id, rules, CancellationToken.None);
            refusal = done.Reason;
            if (done.IsDone)
            {
                saved = rules;
            }
        }
        finally
        {
            saving = false;
        }

        await LoadAsync();
    }

    private async Task<Outcome> RenameAsync() =>
        new((await groups.RenameAsync(await current.GetAsync(), Id, name ?? view!.Group.Name, CancellationToken.None)).Reason);

    private async Task DeleteAsync()
    {
        var group = view!.Group;
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
            refusal = (await groups.DeleteAsync(await current.GetAsync(), Id, CancellationToken.None)).Reason;
            if (refusal is null)
            {
                navigation.NavigateTo("/security-groups");
            }
        }
    }
}
