using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>
/// A page that lists the account's resources of one kind. Filter and order live in the address; windows of rows are fetched as the list is
/// scrolled, so that the page holds none; what is selected is remembered by id; changes are pushed. The page of a kind says what it asks
/// the database, and draws the rows.
/// </summary>
/// <typeparam name="TLine">What a row shows.</typeparam>
/// <typeparam name="TQuery">A record: two that are equal ask for the same.</typeparam>
public abstract class ListPage<TLine, TQuery> : PortalComponent, IDisposable
    where TLine : IListLine
    where TQuery : class, IListQuery<TLine>
{
    private const string NewestFirst = "-created";

    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private IDisposable? listening;
    private bool acting;

    [SupplyParameterFromQuery(Name = "q")]
    public string? Search { get; set; }

    [SupplyParameterFromQuery(Name = "state")]
    public string? State { get; set; }

    /// <summary>A tag's name, or <c>name=value</c>.</summary>
    [SupplyParameterFromQuery(Name = "tag")]
    public string? Tag { get; set; }

    /// <summary>A column, with a hyphen before it if descending; nothing is the newest first.</summary>
    [SupplyParameterFromQuery(Name = "sort")]
    public string? Sort { get; set; }

    [Inject]
    protected IDbContextFactory<PortalDb> Dbs { get; set; } = null!;

    [Inject]
    protected CurrentActor Current { get; set; } = null!;

    [Inject]
    protected TimeProvider Clock { get; set; } = null!;

    [Inject]
    protected NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IDialogService Dialogs { get; set; } = null!;

    [Inject]
    private LiveUpdates Live { get; set; } = null!;

    protected ListSelection Selection { get; } = new();

    /// <summary>How many the account has in each state, regardless of any filter; null until the first answer.</summary>
    protected IReadOnlyDictionary<string, int>? Counts { get; private set; }

    /// <summary>How many match; null until the first window is there.</summary>
    protected int? Total { get; private set; }

    protected TQuery? Query { get; private set; }

    protected ListTable<TLine>? Table { get; set; }

    /// <summary>How many the account has in all.</summary>
    protected int Expected => Counts?.Values.Sum() ?? 0;

    /// <summary>What came of the last action on what was selected; null when there is nothing to tell.</summary>
    protected BulkResult? Result { get; set; }

    /// <summary>Why nothing can be done with what is selected at the moment; null if something can.</summary>
    protected string? Busy => acting ? "Working on it." : null;

    protected bool IsFiltered => !string.IsNullOrWhiteSpace(Search) || !string.IsNullOrWhiteSpace(State) || !string.IsNullOrWhiteSpace(Tag);

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Left => left.Token;

    /// <summary>Tables whose changes in this account change what the page shows.</summary>
    protected abstract IReadOnlyCollection<string> Tables { get; }

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>What the address asks for; what it says wrongly is ignored.</summary>
    protected abstract TQuery Ask();

    /// <summary>What is told of all besides the rows.</summary>
    protected virtual Task<IReadOnlyDictionary<string, int>> CountAsync(PortalDb db, string accountId, CancellationToken ct) =>
        Query!.CountAsync(db, accountId, Clock.GetUtcNow(), ct);

    /// <summary>What the address says, if it says anything.</summary>
    protected static string? Said(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;

    /// <summary>The state that the address names, if it is one of these.</summary>
    protected string? StateAmong(IReadOnlyCollection<string> statuses) => statuses.Contains(State, StringComparer.Ordinal) ? State : null;

    protected override async Task OnParametersSetAsync()
    {
        var asked = Ask();
        if (asked.Equals(Query) && Counts is not null)
        {
            return;
        }

        Query = asked;
        Selection.SetAll(false);
        await CountAsync();
        await FetchAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            var account = (await Current.GetAsync()).AccountId;
            listening = Live.Subscribe(
                seen => seen.AccountId == account && Tables.Contains(seen.Table, StringComparer.Ordinal),
                () => InvokeAsync(RefreshAsync)
            );
        }
    }

    protected async ValueTask<ItemsProviderResult<TLine>> ProvideAsync(ItemsProviderRequest request)
    {
        var actor = await Current.GetAsync();
        await using var db = await Dbs.CreateDbContextAsync(request.CancellationToken);
        var (lines, matching) = await Query!.PageAsync(
            db,
            actor.AccountId,
            Clock.GetUtcNow(),
            request.StartIndex,
            request.Count,
            request.CancellationToken
        );
        if (Total != matching)
        {
            Total = matching;
            StateHasChanged();
        }

        return new ItemsProviderResult<TLine>(lines, matching);
    }

    protected void Filter(string name, string? value) =>
        Navigation.NavigateTo(
            Navigation.GetUriWithQueryParameter(name, string.IsNullOrWhiteSpace(value) ? null : value.Trim()),
            replace: true
        );

    protected void SearchFor(string? text) => Filter("q", text);

    /// <summary>Ascending at the first press on a column's head, descending at the next.</summary>
    protected void SortBy(string column)
    {
        var next = string.Equals(Sort ?? NewestFirst, column, StringComparison.Ordinal) ? $"-{column}" : column;
        Filter("sort", next is NewestFirst ? null : next);
    }

    /// <summary>The column of <see cref="Sort"/> as one of <typeparamref name="TOrder"/>'s, and whether it ascends.</summary>
    protected (TOrder Order, bool Ascending) OrderOf<TOrder>()
        where TOrder : struct, Enum =>
        Enum.TryParse<TOrder>(Sort?.TrimStart('-'), ignoreCase: true, out var order) && Enum.IsDefined(order)
            ? (order, Sort![0] != '-')
            : default;

    /// <summary>Asks, and then does it to all that is selected; each is done or refused for itself.</summary>
    /// <param name="ask">What is asked before it is done to so many.</param>
    /// <param name="doing">What those that were not refused do then, e.g. <c>stopping</c>.</param>
    protected async Task ActAsync(
        Func<int, Confirmation> ask,
        string doing,
        Func<Actor, IReadOnlyList<string>, Task<IEnumerable<(string Name, Outcome Outcome)>>> act
    )
    {
        var ids = await SelectedAsync();
        if (acting || ids.Count == 0 || !await ConfirmDialog.ShowAsync(Dialogs, ask(ids.Count)))
        {
            return;
        }

        acting = true;
        StateHasChanged();
        try
        {
            // Who that is, is asked now: the question may have stood there for hours.
            Result = BulkResult.Of(doing, [.. await act(await Current.GetAsync(), ids)]);
            Selection.SetAll(false);
        }
        finally
        {
            acting = false;
        }
    }

    /// <summary>The ids of what is selected; if that is all, of all that match.</summary>
    private async Task<IReadOnlyList<string>> SelectedAsync()
    {
        if (!Selection.All)
        {
            return Selection.Of([]);
        }

        var actor = await Current.GetAsync();
        await using var db = await Dbs.CreateDbContextAsync(Left);
        return Selection.Of(await Query!.IdsAsync(db, actor.AccountId, Clock.GetUtcNow(), Left));
    }

    private async Task RefreshAsync()
    {
        await CountAsync();
        await FetchAsync();
        StateHasChanged();
    }

    private Task FetchAsync() => Table?.RefreshAsync() ?? Task.CompletedTask;

    private async Task CountAsync()
    {
        var actor = await Current.GetAsync();
        await using var db = await Dbs.CreateDbContextAsync(Left);
        var turn = loads.Begin();
        var counted = await CountAsync(db, actor.AccountId, Left);
        Counts = loads.IsCurrent(turn) ? counted : Counts;
    }
}
