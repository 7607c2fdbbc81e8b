using Microsoft.AspNetCore.Identity;

namespace Portal.Model.Accounts;

/// <summary>
/// By which name an address is looked for: in capitals, its domain as the DNS has it. <c>jo@bücher.example</c> and
/// <c>jo@xn--bcher-kva.example</c> are one, whichever a browser sends.
/// </summary>
public sealed class MailboxNames : ILookupNormalizer
{
    public string? NormalizeName(string? name) => name?.ToUpperInvariant();

    public string? NormalizeEmail(string? email) => email is null ? null : Kept(email).ToUpperInvariant();

    /// <summary>An address as it is kept: typed, but with its domain in ASCII, if it has an international one.</summary>
    public static string Kept(string typed)
    {
        var (address, at) = (typed.Trim(), typed.Trim().LastIndexOf('@'));
        return at >= 0 && IsInternational(address[(at + 1)..]) && MailDomain.ToAscii(address[(at + 1)..]) is { } domain
            ? $"{address[..at]}@{domain}"
            : address;
    }

    internal static bool IsInternational(string domain) =>
        !System.Text.Ascii.IsValid(domain) || domain.Contains("xn--", StringComparison.OrdinalIgnoreCase);
}
