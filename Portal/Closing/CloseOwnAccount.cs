using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Closing;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Closing;

/// <summary>
/// The form by which somebody closes the own account. It wants the address and the password: whoever stole a session knows only one of
/// them.
/// </summary>
public sealed class CloseOwnAccount(
    PortalDb db,
    OwnAccount own,
    CloseAccount close,
    ClosingTickets tickets,
    PriceList prices,
    SignInManager<User> signIn,
    ILookupNormalizer names,
    IHttpContextAccessor accessor,
    PortalAddress address,
    TimeProvider clock
)
{
    private HttpContext Http => accessor.HttpContext!;

    public async Task<ClosingPreview> LoadAsync()
    {
        var (user, ct) = (await own.LoadAsync(), Http.RequestAborted);
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == user.AccountId, ct);
        var users = await db.Users.AsNoTracking().Where(other => other.AccountId == account.Id).ToListAsync(ct);
        var (contents, now) = (await AccountContents.OfAsync(db, account.Id, ct), clock.GetUtcNow());
        var forecast = await Forecast.LoadAsync(db, await prices.GetAsync(ct), account.Id, now, ct);
        var cards = await CardKeeping.ValidAsync(db, account.Id, ct);
        return new ClosingPreview(
            MailDomain.Shown(user.Email!),
            contents,
            CloseAccount.WhyNot(account, users, contents),
            forecast.MonthEndWithout(_ => true),
            forecast.MonthStart,
            cards.Find(card => card.IsDefault && card.IsUsable(now)),
            user.EmailConfirmed
        );
    }

    /// <returns>Where to go now: the person is signed out.</returns>
    public async Task<Outcome<string>> RunAsync(string? email, string password)
    {
        var user = await own.LoadAsync();
        if (names.NormalizeEmail(email) != user.NormalizedEmail)
        {
            return Refusal.Invalid("That is not the e-mail address of this account.");
        }

        if (await own.WhyNotPasswordAsync(user, password) is { } wrong)
        {
            return wrong;
        }

        var page = $"/closing/{tickets.For(user.AccountId)}";
        if (await close.RunAsync(own.Actor, address.Origin + page, Http.RequestAborted) is { IsDone: false } refused)
        {
            return refused;
        }

        await signIn.SignOutAsync();
        return page;
    }
}

/// <param name="WhyNot">Why it cannot be closed yet; null if it can.</param>
/// <param name="LastBill">US dollars of the month if everything ended now.</param>
/// <param name="Card">That is charged for it; null if there is none that can be.</param>
/// <param name="IsConfirmed">Whether the address is: nothing is mailed to another.</param>
public sealed record ClosingPreview(
    string Email,
    AccountContents Contents,
    string? WhyNot,
    decimal LastBill,
    DateTimeOffset Month,
    Card? Card,
    bool IsConfirmed
);
