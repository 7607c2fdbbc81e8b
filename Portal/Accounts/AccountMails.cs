using System.Net;
using System.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Accounts;

/// <summary>
/// The mails that accounts send, as rows for the outbox, added in the caller's transaction. Whoever types an address into a form makes
/// Portal write to it: at most so many of one kind an hour go to one mailbox, and fewer from one network. What strangers cause leaves some
/// to its owner: a browser that the account knows has a share of its own, and so has a network that has caused none, while there are not
/// very many of them.
/// </summary>
public sealed class AccountMails(
    PortalDb db,
    UserManager<User> users,
    KnownDevices devices,
    ILookupNormalizer normalizer,
    PortalAddress address,
    IHttpContextAccessor http,
    TimeProvider clock
)
{
    /// <summary>Mails of one kind to one mailbox that somebody can cause from one network.</summary>
    public const int MostPerHour = 3;

    /// <summary>The same from all networks of one site, as one customer of a provider may have (an IPv6 /48).</summary>
    public const int MostPerSite = 6;

    /// <summary>The same from everywhere: a mailbox is not to be flooded.</summary>
    public const int MostPerMailbox = 12;

    /// <summary>
    /// Beyond that a site that has caused none gets its first, up to this number: to keep an owner's mails from him takes as many sites.
    /// </summary>
    public const int MostWithFirsts = 30;

    /// <summary>What is the account's own beyond all these: of one browser that it knows, and of all of them.</summary>
    public const int MostPerKnown = 2;

    public const int MostFromKnown = 6;

    private const string Known = "known ";

    /// <summary>After signing up: the link to confirm the address, or for one that is another's already, word to its owner.</summary>
    /// <returns>False if too many of these went there already, whosever it is: then none is sent.</returns>
    public async Task<bool> AskToConfirmAsync(User user, CancellationToken ct)
    {
        var taken = await db.Users.AnyAsync(other => other.NormalizedEmail == user.NormalizedEmail && other.EmailConfirmed, ct);
        return await AddCountedAsync("sign-up", taken ? AlreadyYours(user) : await ConfirmAsync(user), ct);
    }

    public async Task OfferResetAsync(User user, CancellationToken ct) =>
        await AddCountedAsync("reset", await ResetAsync(user), ct, await devices.FindAsync(user.Id, ct));

    /// <summary>The page to which the mail would lead, for somebody who has proved to read the mailbox.</summary>
    public async Task<string> ResetPageAsync(User user) =>
        new Uri(Link("reset-password", user, await users.GeneratePasswordResetTokenAsync(user))).PathAndQuery;

    /// <summary>
    /// Tells the owner of a change that a thief would make. An address that nobody has confirmed may be a stranger's: it hears nothing.
    /// </summary>
    /// <param name="undo">The secret by which it can be taken back, if that is possible.</param>
    public void TellChange(User user, string what, string? undo = null)
    {
        if (user.EmailConfirmed)
        {
            db.Add(Changed(user, what, undo));
        }
    }

    /// <summary>
    /// Word of a sign-in in a browser that was not known; whoever has the password can cause as many as he likes, so few are sent.
    /// </summary>
    public async Task TellNewDeviceAsync(User user, string browser, IPAddress? from, CancellationToken ct)
    {
        if (user.EmailConfirmed)
        {
            await AddCountedAsync("new-device", NewDevice(user, browser, from), ct);
        }
    }

    /// <summary>To the address that somebody wants to have: a link that proves it. For one that is another's, word to its owner.</summary>
    public async Task AskToChangeAsync(User user, string wanted, CancellationToken ct)
    {
        var normalized = normalizer.NormalizeEmail(wanted);
        var taken = await db.Users.AnyAsync(other => other.NormalizedEmail == normalized && other.EmailConfirmed, ct);
        await AddCountedAsync("address", taken ? AlreadyTaken(user, wanted) : await WantedAsync(user, wanted), ct);
    }

    /// <summary>To the old address, which nobody reads but its owner.</summary>
    public void TellAddressChanged(User user, string old, string secret) =>
        db.Add(
            WriteTo(
                user,
                old,
                "The e-mail address of your Portal account was changed",
                $"The e-mail address of your Portal account was changed from {MailDomain.Shown(old)} to {MailDomain.Shown(user.Email!)} at {clock.GetUtcNow():yyyy-MM-dd HH:mm} UTC.",
                "It was not me: take it back",
                $"{address.Origin}/undo-email?code={secret}",
                $"If it was you, you need not do anything. If not, the link works for {SignInChange.UndoneWithin.Days} days: it restores {MailDomain.Shown(old)} and the second factor of a week before, removes all passkeys, ends all sessions and lets you choose a new password."
            )
        );

    /// <param name="known">
    /// The account's own browser, if it is one that asks. Not where anybody can make an account of the address, and its browser known to
    /// it.
    /// </param>
    private async Task<bool> AddCountedAsync(string kind, Mail mail, CancellationToken ct, Guid? known = null)
    {
        // Neither holds a space, and no network begins as another.
        var (mailbox, from) = ($"{kind} {MailboxOf(mail.To)} ", http.HttpContext?.Connection.RemoteIpAddress);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({mailbox}, 0))", ct);
        var since = mail.CreatedAt.AddHours(-1);
        var sent = (
            await db
                .Mails.Where(sent => sent.CountedAs!.StartsWith(mailbox) && sent.CreatedAt > since)
                .Select(sent => sent.CountedAs!)
                .ToListAsync(ct)
        ).ConvertAll(counted => counted[mailbox.Length..]);
        var who =
            IsLeft(sent.FindAll(one => !one.StartsWith(Known, StringComparison.Ordinal)), from) ? Networks.Of(from)
            : known is { } browser && IsLeft(sent.FindAll(one => one.StartsWith(Known, StringComparison.Ordinal)), browser) ? Of(browser)
            : null;
        if (who is null)
        {
            return false;
        }

        mail.CountedAs = mailbox + who;
        db.Add(mail);
        return true;
    }

    private static bool IsLeft(List<string> sent, IPAddress? from)
    {
        var (network, site) = (Networks.Of(from), Networks.SiteOf(from));
        var ofSite = sent.Count(one => one == network || (site.Length < network.Length && one.StartsWith(site, StringComparison.Ordinal)));
        return sent.Count < (ofSite == 0 ? MostWithFirsts : MostPerMailbox)
            && ofSite < MostPerSite
            && sent.Count(one => one == network) < MostPerHour;
    }

    private static bool IsLeft(List<string> sent, Guid known) =>
        sent.Count < MostFromKnown && sent.Count(one => one == Of(known)) < MostPerKnown;

    private static string Of(Guid known) => $"{Known}{known:N}";

    /// <summary>Most providers deliver ada+anything@ to ada@: one mailbox (RFC 5233).</summary>
    private string MailboxOf(string address)
    {
        var (plus, at) = (address.IndexOf('+', StringComparison.Ordinal), address.LastIndexOf('@'));
        return normalizer.NormalizeEmail(plus > 0 && plus < at ? address.Remove(plus, at - plus) : address)!;
    }

    private async Task<Mail> ConfirmAsync(User user) =>
        Write(
            user,
            "Confirm your e-mail address",
            "Welcome to Portal. Open this link and confirm your address; then you can create instances.",
            "Confirm address",
            Link("confirm-email", user, await users.GenerateEmailConfirmationTokenAsync(user)),
            "If you did not sign up, ignore this mail: nobody can use your address without this link."
        );

    /// <summary>To the owner of an address with which somebody, perhaps they, signed up again.</summary>
    private Mail AlreadyYours(User user) =>
        Write(
            user,
            "You already have a Portal account",
            "Somebody, perhaps you, signed up for Portal with this address. It already belongs to your account, so sign in to that one.",
            "Sign in",
            $"{address.Origin}/sign-in",
            $"Forgot the password? Choose a new one at {address.Origin}/forgot-password. If it was not you, you need not do anything."
        );

    private async Task<Mail> ResetAsync(User user) =>
        Write(
            user,
            "Choose a new password",
            "Somebody, perhaps you, asked for a new password for your Portal account. Choosing one ends all sessions and removes all passkeys.",
            "Choose a new password",
            Link("reset-password", user, await users.GeneratePasswordResetTokenAsync(user)),
            "If it was not you, ignore this mail: your password stays as it is."
        );

    private async Task<Mail> WantedAsync(User user, string wanted)
    {
        var code = WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(await users.GenerateChangeEmailTokenAsync(user, wanted)));
        return WriteTo(
            user,
            wanted,
            "Confirm your new e-mail address",
            $"Open this link in the browser in which you are signed in to Portal and confirm, to sign in with {MailDomain.Shown(wanted)} from then on. It works for a day.",
            "Confirm the new address",
            $"{address.Origin}/settings/email?to={WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(wanted))}&code={code}",
            "If you did not ask for it, ignore this mail: nobody can use your address without this link."
        );
    }

    private Mail AlreadyTaken(User user, string wanted) =>
        WriteTo(
            user,
            wanted,
            "You already have a Portal account",
            "Somebody, perhaps you, wanted to use this address for another Portal account. It already belongs to yours, so nothing has changed.",
            "Sign in",
            $"{address.Origin}/sign-in",
            "If it was not you, you need not do anything."
        );

    private Mail Changed(User user, string what, string? undo)
    {
        var (button, link, closing) = undo is null
            ? (
                "Look at your settings",
                $"{address.Origin}/settings",
                $"If it was not you, choose a new password at once: {address.Origin}/forgot-password"
            )
            : (
                "It was not me: take it back",
                $"{address.Origin}/undo-factor?code={undo}",
                $"If it was you, you need not do anything. If not, the link works for {SignInChange.UndoneWithin.Days} days: it brings back the second factor of a week before, or that there was none, removes all passkeys, ends all sessions and lets you choose a new password."
            );
        return Write(
            user,
            $"{what} for your Portal account",
            $"{what} for your Portal account at {clock.GetUtcNow():yyyy-MM-dd HH:mm} UTC.",
            button,
            link,
            closing
        );
    }

    private Mail NewDevice(User user, string browser, IPAddress? from) =>
        Write(
            user,
            "New sign-in to your Portal account",
            $"Somebody, most likely you, signed in to your Portal account with {browser} at {clock.GetUtcNow():yyyy-MM-dd HH:mm} UTC, from {Address(from)}. Portal had not seen this browser before.",
            "Look at your sessions",
            $"{address.Origin}/settings#sessions",
            $"If it was you, you need not do anything. If not, choose a new password at once: {address.Origin}/forgot-password"
        );

    private static string Address(IPAddress? from) =>
        from switch
        {
            null => "an unknown address",
            { IsIPv4MappedToIPv6: true } => from.MapToIPv4().ToString(),
            _ => from.ToString(),
        };

    /// <summary>A token as it travels in a link, and back.</summary>
    public static string? TokenOf(string? code)
    {
        try
        {
            return code is null ? null : Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(code));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private string Link(string page, User user, string token) =>
        $"{address.Origin}/{page}?user={user.Id}&code={WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(token))}";

    private Mail Write(User user, string subject, string opening, string button, string link, string closing) =>
        WriteTo(user, user.Email!, subject, opening, button, link, closing);

    private Mail WriteTo(User user, string to, string subject, string opening, string button, string link, string closing) =>
        Mail.Write(user.AccountId, to, subject, opening, (button, link), closing, clock.GetUtcNow());
}
