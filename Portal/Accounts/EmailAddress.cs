using System.ComponentModel.DataAnnotations;
using System.Text;
using MimeKit;
using Portal.Model.Accounts;

namespace Portal.Accounts;

/// <summary>An address as typed into a form.</summary>
public static class EmailAddress
{
    /// <summary>RFC 5321, 4.5.3.1.3: a path has at most 256 octets, of which two are its brackets.</summary>
    public const int MaxLength = 254;

    private const string None = "That does not look like an e-mail address.";

    // The length comes first: what follows is slow on megabytes.
    public static string? WhyNot(string? typed) =>
        typed?.Trim() switch
        {
            null or "" => "Enter your e-mail address.",
            { Length: > MaxLength } => "That address is too long.",
            var address when WhyNotDomain(address) is { } reason => reason,
            var address when !IsOne(MailboxNames.Kept(address)) => None,
            var address when Encoding.UTF8.GetByteCount(MailboxNames.Kept(address)) > MaxLength => "That address is too long.",
            _ => null,
        };

    private static string? WhyNotDomain(string address)
    {
        var domain = address[(address.LastIndexOf('@') + 1)..];
        return domain.Length == address.Length || MailDomain.ToAscii(domain) is not null ? null : MailDomain.WhyNot(domain) ?? None;
    }

    /// <summary>
    /// The domain is looked at apart: the parser turns an international one into its other form, which is then not what was typed.
    /// </summary>
    private static bool IsOne(string kept)
    {
        var at = kept.LastIndexOf('@');
        var address =
            at >= 0 && kept.Contains("xn--", StringComparison.Ordinal)
                ? $"{kept[..at]}@{kept[(at + 1)..].Replace("xn--", "xn-", StringComparison.Ordinal)}"
                : kept;
        return new EmailAddressAttribute().IsValid(address)
            && !address.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
            && MailboxAddress.TryParse(address, out var parsed)
            && parsed.Address == address;
    }
}
