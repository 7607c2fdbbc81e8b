using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Billing;

public sealed partial class CardsPage
{
    private readonly PageLifetime gone = new();
    private List<Card>? cards;
    private Card? blocked;
    private bool isSpending;
    private bool busy;
    private string? problem;
    private DateTimeOffset now;
    private IDisposable? subscription;

    /// <summary>Where to go on after a card was added.</summary>
    [SupplyParameterFromQuery(Name = "returnUrl")]
    public string? ReturnTo { get; set; }

    [Inject]
    private IDbContextFactory<PortalDb> Dbs { get; set; } = null!;

    [Inject]
    private CurrentActor Current { get; set; } = null!;

    [Inject]
    private AddCard Add { get; set; } = null!;

    [Inject]
    private ChangeCard Change { get; set; } = null!;

    [Inject]
    private Changes Changes { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    [Inject]
    private IDialogService Dialogs { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private PortalAddress Address { get; set; } = null!;

    public void Dispose()
    {
        subscription?.Dispose();
        gone.Dispose();
    }

    protected override async Task OnInitializedAsync()
    {
        await LoadAsync();
        if (RendererInfo.IsInteractive)
        {
            var account = (await Current.GetAsync()).AccountId;
            subscription = Changes.Subscribe(
                change => change.Table is "Cards" or "Instances" && string.Equals(change.AccountId, account, StringComparison.Ordinal),
                _ => InvokeAsync(ShowAsync)
            );
        }
    }

    private async Task ShowAsync()
    {
        if (!gone.Token.IsCancellationRequested)
        {
            await LoadAsync();
            StateHasChanged();
        }
    }

    private async Task LoadAsync()
    {
        var account = (await Current.GetAsync()).AccountId;
        await using var db = await Dbs.CreateDbContextAsync(gone.Token);
        (cards, isSpending, now) = (
            await CardKeeping.ValidAsync(db, account, gone.Token),
            await CardKeeping.IsSpendingAsync(db, account, gone.Token),
            Clock.GetUtcNow()
        );
        blocked = cards.Exists(card => card.IsUsable(now))
            ? null
            : await db
                .Cards.AsNoTracking()
                .Where(card => card.AccountId == account && card.BlockedAt != null)
                .OrderByDescending(card => card.BlockedAt)
                .FirstOrDefaultAsync(gone.Token);
    }

    private async Task AddAsync(string? replaces)
    {
        (busy, problem) = (true, null);
        var leaves = false;
        try
        {
            var outcome = await Add.BeginAsync(await Current.GetAsync(), Address.Origin, ReturnTo, replaces, gone.Token);
            if (outcome.Value is { } page)
            {
                leaves = true;
                Navigation.NavigateTo(page.ToString(), forceLoad: true);
            }

            problem = outcome.Reason;
        }
        finally
        {
            busy = leaves;
        }
    }

    private async Task RemoveAsync(Card card)
    {
        var sure = await Dialogs.ShowMessageBoxAsync(
            "Remove this card?",
            $"{card.Label} is taken off your account. Nothing is charged.",
            yesText: "Remove",
            cancelText: "Keep"
        );
        if (sure is true)
        {
            await ChangeAsync(actor => Change.RemoveAsync(actor, card.Id, gone.Token));
        }
    }

    private async Task ChangeAsync(Func<Actor, Task<Outcome>> change)
    {
        (busy, problem) = (true, null);
        try
        {
            problem = (await change(await Current.GetAsync())).Reason;
            await LoadAsync();
        }
        finally
        {
            busy = false;
        }
    }
}
