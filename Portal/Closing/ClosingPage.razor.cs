using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Closing;
using Portal.Model.Shared;

namespace Portal.Closing;

/// <summary>
/// What is left of an account that closes, for whoever has its ticket: numbers, and no name of anything that was in it. <c>closing.js</c>
/// fetches it again as that changes.
/// </summary>
public sealed partial class ClosingPage(
    PortalDb db,
    ClosingTickets tickets,
    PriceList prices,
    TimeProvider clock,
    NavigationManager navigation
)
{
    private Account? account;
    private AccountContents? contents;
    private DateTimeOffset month;
    private decimal bill;

    [Parameter, EditorRequired]
    public string Ticket { get; set; } = "";

    [CascadingParameter]
    private HttpContext Http { get; set; } = null!;

    protected override async Task OnInitializedAsync()
    {
        var (ct, since) = (Http.RequestAborted, clock.GetUtcNow() - ClosingTickets.LifeOnceClosed);
        if (
            tickets.AccountOf(Ticket) is not { } id
            || await db
                .Accounts.AsNoTracking()
                .SingleOrDefaultAsync(row => row.Id == id && row.ClosingSince != null && (row.ClosedAt == null || row.ClosedAt > since), ct)
                is not { } found
        )
        {
            navigation.NotFound();
            return;
        }

        contents = await AccountContents.OfAsync(db, id, ct);
        if (found.ClosedAt is { } closed)
        {
            month = Forecast.StartOfMonth(closed);
            bill = (await Forecast.LoadAsync(db, await prices.GetAsync(ct), id, closed, ct)).AtMonthEnd.Total;
        }

        account = found;
    }
}
