using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// How a circuit learns of a proof that its dialog asked for, which the browser gives by a request: the dialog sends a ticket that nobody
/// can guess, and the answer is a receipt for that ticket and session. Sealed, since it passes through the browser, and kept nowhere: the
/// request may reach another process than the circuit's.
/// </summary>
public sealed class ProofReceipts(IDataProtectionProvider keys)
{
    private readonly IDataProtector protector = keys.CreateProtector("Portal.Accounts.ProofReceipts");

    public static string NewTicket() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <param name="user">Of the request by which the proof was given just now.</param>
    public string Write(string ticket, ClaimsPrincipal user)
    {
        var proofs = Proofs.Of(user);
        return protector.Seal($"{Of(ticket, user)} {Text(proofs.ProvenAt)} {Text(proofs.FactorAt)}");
    }

    /// <summary>Null if it is none for this ticket and the session of <paramref name="user"/>.</summary>
    public Proofs? Read(string? receipt, string ticket, ClaimsPrincipal user) =>
        protector.Open(receipt)?.Split(' ') is [var of, var proven, var factor] && of == Of(ticket, user)
            ? new Proofs(At(proven), At(factor))
            : null;

    private static string Of(string ticket, ClaimsPrincipal user) => $"{ticket}/{SessionCookie.SessionOf(user)}";

    private static string Text(DateTimeOffset? at) => at?.ToString("O", CultureInfo.InvariantCulture) ?? "";

    private static DateTimeOffset? At(string text) => text.Length == 0 ? null : DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
