using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

/// <summary>Holds no rows: windows of the list are fetched as it is scrolled, and what is selected is remembered by id.</summary>
public sealed partial class InstancesPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    ChangeInstance change,
    InstanceJobs jobs,
    LiveUpdates live,
    IDialogService dialogs,
    TimeProvider clock,
    NavigationManager navigation) : IDisposable
{
    private static readonly TimeSpan TypingPause = TimeSpan.FromMilliseconds(250);

    private static readonly (string Value, string Label)[] Sorts =
        [("", "Newest first"), ("created", "Oldest first"), ("name", "Name, A to Z"), ("-name", "Name, Z to A"), ("state", "State"), ("size", "Size, small first"), ("-size", "Size, large first")];

    private readonly InstanceSelection selection = new();
    private readonly CancellationTokenSource left = new();
    private readonly LatestLoad loads = new();
    private IReadOnlyDictionary<string, int>? counts;
    private Virtualize<InstanceLine>? rows;
    private CancellationTokenSource? typing;
    private IDisposable? listening;
    private InstanceQuery query = new();
    private Results? results;
    private int? total;
    private bool acting;

    [SupplyParameterFromQuery(Name = "q")]
    public string? Search { get; set; }

    [SupplyParameterFromQuery(Name = "state")]
    public string? State { get; set; }

    [SupplyParameterFromQuery(Name = "tag")]
    public string? Tag { get; set; }

    /// <summary>A column, with a hyphen before it if descending; nothing is the newest first.</summary>
    [SupplyParameterFromQuery(Name = "sort")]
    public string? Sort { get; set; }

    private static IEnumerable<string> Statuses => Enum.GetValues<InstanceState>().Select(Instance.Spell);

    private bool IsFiltered => query is not { Search: null, Status: null, Tag: null };

    public void Dispose()
    {
        listening?.Dispose();
        typing?.Dispose();
        left.Cancel();
        left.Dispose();
    }

    protected override async Task OnParametersSetAsync()
    {
        var asked = Ask();
        if (asked == query && counts is not null)
        {
            return;
        }

        query = asked;
        selection.SetAll(false);
        await CountAsync();
        if (rows is not null)
        {
            await rows.RefreshDataAsync();
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            var account = (await current.GetAsync()).AccountId;
            listening = live.Subscribe(seen => seen.Table == "Instances" && seen.AccountId == account, () => InvokeAsync(RefreshAsync));
        }
    }

    private InstanceQuery Ask()
    {
        var column = Sort?.TrimStart('-');
        var known = Enum.TryParse<InstanceOrder>(column, ignoreCase: true, out var order) && Enum.IsDefined(order);
        return new InstanceQuery(
            string.IsNullOrWhiteSpace(Search) ? null : Search, Statuses.Contains(State, StringComparer.Ordinal) ? State : null, string.IsNullOrWhiteSpace(Tag) ? null : Tag,
            known ? order : InstanceOrder.Created, known && Sort![0] != '-');
    }

    private async Task CountAsync()
    {
        var actor = await current.GetAsync();
        await using var db = await dbs.CreateDbContextAsync(left.Token);
        var turn = loads.Begin();
        var counted = await InstanceQuery.CountAsync(db, actor.AccountId, clock.GetUtcNow(), left.Token);
        counts = loads.IsToBeShown(turn) ? counted : counts;
    }

    private async Task RefreshAsync()
    {
        await CountAsync();
        if (rows is not null)
        {
            await rows.RefreshDataAsync();
        }

        StateHasChanged();
    }

    private async ValueTask<ItemsProviderResult<InstanceLine>> ProvideAsync(ItemsProviderRequest request)
    {
        var actor = await current.GetAsync();
        await using var db = await dbs.CreateDbContextAsync(request.CancellationToken);
        var (lines, matching) = await query.PageAsync(db, actor.AccountId, clock.GetUtcNow(), request.StartIndex, request.Count, request.CancellationToken);
        if (total != matching)
        {
            total = matching;
            StateHasChanged();
        }

        return new ItemsProviderResult<InstanceLine>(lines, matching);
    }

    private void Filter(string name, string? value) =>
        navigation.NavigateTo(navigation.GetUriWithQueryParameter(name, string.IsNullOrWhiteSpace(value) ? null : value.Trim()), replace: true);

    private async Task SearchLater(string? text)
    {
        if (typing is not null)
        {
            await typing.CancelAsync();
            typing.Dispose();
        }

        var mine = typing = CancellationTokenSource.CreateLinkedTokenSource(left.Token);
        try
        {
            await Task.Delay(TypingPause, clock, mine.Token);
            Filter("q", text);
        }
        catch (OperationCanceledException)
        {
            // Another key was pressed, or the page was left.
        }
    }

    private void SortBy(InstanceOrder order)
    {
        var column = order.ToString().ToLowerInvariant();
        Filter("sort", (query.Order == order && query.Ascending, order) switch
        {
            (true, InstanceOrder.Created) => null,
            (true, _) => $"-{column}",
            _ => column,
        });
    }

    private string? AriaSort(InstanceOrder order) => query.Order != order ? null : query.Ascending ? "ascending" : "descending";

    private static string TagUrl(KeyValuePair<string, string> tag) => $"/instances?tag={Uri.EscapeDataString(tag.Value.Length > 0 ? $"{tag.Key}={tag.Value}" : tag.Key)}";

    private async Task ActAsync(InstanceAction action)
    {
        var actor = await current.GetAsync();
        var ids = selection.Of(await MatchingAsync(actor));
        if (ids.Count == 0 || !await ConfirmAsync(action, ids))
        {
            return;
        }

        acting = true;
        StateHasChanged();
        try
        {
            var changes = await change.RunAsync(actor, action, ids, CancellationToken.None);
            jobs.Advance(changes);
            results = Results.Of(action, changes);
            selection.SetAll(false);
        }
        finally
        {
            acting = false;
        }
    }

    private async Task<List<string>> MatchingAsync(Actor actor)
    {
        await using var db = await dbs.CreateDbContextAsync(left.Token);
        return selection.All ? await query.IdsAsync(db, actor.AccountId, clock.GetUtcNow(), left.Token) : [];
    }

    private async Task<bool> ConfirmAsync(InstanceAction action, IReadOnlyList<string> ids)
    {
        var what = ids.Count == 1 ? "1 instance" : $"{ids.Count} instances";
        return await ConfirmDialog.ShowAsync(dialogs, action is InstanceAction.Stop
            ? new Confirmation($"Stop {what}?", "They shut down. Their disks stay, and are still billed; computing is not.", "Stop", null)
            : new Confirmation($"Terminate {what}?", "Their disks and everything on them are deleted. This cannot be undone.", $"Terminate {what}", $"terminate {ids.Count}"));
    }

    /// <summary>What came of an action on many, told in one sentence and the refusals by their reasons.</summary>
    private sealed record Results(string Sentence, IReadOnlyList<(string Reason, string Names)> Refused)
    {
        public static Results Of(InstanceAction action, IReadOnlyList<InstanceChange> changes)
        {
            var done = changes.Count(change => change.Outcome.IsDone);
            var refused = changes.Where(change => !change.Outcome.IsDone).GroupBy(change => change.Outcome.Reason!, StringComparer.Ordinal)
                .Select(group => (group.Key, string.Join(", ", group.Take(5).Select(change => change.Name ?? change.Id)) + (group.Count() > 5 ? $" and {group.Count() - 5} more" : "")));
            return new Results($"{done} {(action is InstanceAction.Stop ? "stopping" : "terminating")}{(done == changes.Count ? "." : $", {changes.Count - done} refused.")}", [.. refused]);
        }
    }
}
