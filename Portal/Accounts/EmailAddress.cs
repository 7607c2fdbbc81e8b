using System.ComponentModel.DataAnnotations;
using System.Text;
using MimeKit;

namespace Portal.Accounts;

/// <summary>An address as typed into a form.</summary>
public static class EmailAddress
{
    /// <summary>RFC 5321, 4.5.3.1.3: a path has at most 256 octets, of which two are its brackets.</summary>
    public const int MaxLength = 254;

    // The length comes first: what follows is slow on megabytes.
    public static string? WhyNot(string? typed) => typed?.Trim() switch
    {
        null or "" => "Enter your e-mail address.",
        { Length: > MaxLength } => "That address is too long.",
        var address when !new EmailAddressAttribute().IsValid(address) || address.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
            || !MailboxAddress.TryParse(address, out var parsed) || parsed.Address != address => "That does not look like an e-mail address.",
        var address when Encoding.UTF8.GetByteCount(address) > MaxLength => "That address is too long.",
        _ => null,
    };
}
