using Microsoft.AspNetCore.DataProtection;
using Portal.Model.Shared;

namespace Portal.Closing;

/// <summary>
/// What lets somebody look at the removal of an account to which nobody can sign in any more: it is in the address of that page, in the
/// mail, and can be guessed by nobody.
/// </summary>
public sealed class ClosingTickets(IDataProtectionProvider keys)
{
    /// <summary>How long after the account was closed; the mails and their bill stay with whoever got them.</summary>
    public static readonly TimeSpan LifeOnceClosed = TimeSpan.FromDays(30);

    private readonly IDataProtector protector = keys.CreateProtector("Portal.Closing.Ticket");

    public string For(string accountId) => protector.Seal(accountId);

    /// <summary>Null for what is no ticket.</summary>
    public string? AccountOf(string ticket) => protector.Open(ticket);
}
