using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Billing;

/// <summary>A month's bill, down to the spans; the current month also with what it comes to if all goes on.</summary>
public sealed partial class BillingPage
{
    private const string MonthFormat = "yyyy-MM";

    private readonly PageLifetime gone = new();
    private Forecast? forecast;
    private IReadOnlyList<BillRow>? rows;
    private AccountLimits? limits;
    private Card? card;
    private string? noCard;
    private DateTimeOffset start;
    private DateTimeOffset now;
    private IDisposable? subscription;

    /// <summary>E.g. <c>2026-11</c>; the current month if it says nothing of use.</summary>
    [SupplyParameterFromQuery(Name = "month")]
    public string? Month { get; set; }

    [Inject]
    private IDbContextFactory<PortalDb> Dbs { get; set; } = null!;

    [Inject]
    private CurrentActor Current { get; set; } = null!;

    [Inject]
    private PriceList Prices { get; set; } = null!;

    [Inject]
    private Changes Changes { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    /// <summary>An allowance that something was used of: what would read “0 of 0” tells nobody anything.</summary>
    private static bool IsToldFree(InvoiceLine line) => line.FreeUnitHours > 0 && Math.Round(line.UnitHours, 2) > 0;

    private bool IsPast => start < Forecast.StartOfMonth(now);

    public void Dispose()
    {
        subscription?.Dispose();
        gone.Dispose();
    }

    protected override async Task OnInitializedAsync()
    {
        if (RendererInfo.IsInteractive)
        {
            var account = (await Current.GetAsync()).AccountId;
            subscription = Changes.Subscribe(
                change => change.Table is "Instances" or "Cards" or "Accounts" && (change.AccountId == account || change.Id == account),
                _ => InvokeAsync(ShowAsync)
            );
        }
    }

    protected override Task OnParametersSetAsync() => LoadAsync();

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
        now = Clock.GetUtcNow();
        var current = Forecast.StartOfMonth(now);
        start =
            DateTimeOffset.TryParseExact(Month, MonthFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var asked)
            && asked < current
                ? asked
                : current;
        var account = (await Current.GetAsync()).AccountId;
        var prices = await Prices.GetAsync(gone.Token);
        await using var db = await Dbs.CreateDbContextAsync(gone.Token);
        forecast = await Forecast.LoadAsync(db, prices, account, IsPast ? start.AddMonths(1).AddTicks(-1) : now, gone.Token);
        rows = await BillRow.LoadAsync(db, account, forecast, gone.Token);
        limits = await AccountLimits.LoadAsync(db, account, now, gone.Token);
        var cards = await CardKeeping.ValidAsync(db, account, gone.Token);
        (card, noCard) = (cards.Find(mine => mine.IsDefault) ?? cards.FirstOrDefault(), CardCheck.WhyNoBilling(cards, now));
    }

    private static string Text(DateTimeOffset month) => month.ToString(MonthFormat, CultureInfo.InvariantCulture);

    private static string Name(DateTimeOffset month) => month.ToString("MMMM yyyy", CultureInfo.InvariantCulture);
}
