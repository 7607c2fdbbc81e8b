using System.Globalization;

namespace Portal.Model.Compute;

/// <summary>
/// What people paste instead of an OpenSSH line, each with what to do about it. First of all a private key: whoever pastes one has to hear
/// that it is one.
/// </summary>
internal static class SshKeyPaste
{
    private const string KeepIt = "keep it to yourself; nothing was saved";

    /// <summary>How the base64 of OpenSSH's own private keys begins, whatever became of the lines around it.</summary>
    private const string OpenSshPrivate = "b3BlbnNzaC1rZXktdjE";

    private const string Quotes = "\"'`“”„‘\u2019‚«»";

    /// <summary>Why a text is not a public key in OpenSSH's form, by its marks; null if it has none of another.</summary>
    public static string? WhyNot(string text) =>
        text switch
        {
            _ when Has(text, "PuTTY-User-Key-File") || Has(text, "Private-Lines:") || Has(text, "Private-MAC:") =>
                $"This is PuTTY's private key: {KeepIt}. Open the file in PuTTYgen and copy what it shows under “Public key for pasting into OpenSSH authorized_keys file”, or run: puttygen FILE.ppk -L",
            _ when Has(text, "BEGIN PRIVATE KEY") || Has(text, "BEGIN ENCRYPTED PRIVATE KEY") =>
                $"This is a private key, in the form of PKCS #8: {KeepIt}. Its public half is printed by: ssh-keygen -y -f FILE",
            _ when Has(text, "PRIVATE KEY") || Has(text, OpenSshPrivate) =>
                $"This is a private key: {KeepIt}. Paste the line of the file that ends in .pub; if there is none, it is printed by: ssh-keygen -y -f FILE",
            _ when Has(text, "BEGIN SSH2 PUBLIC KEY") =>
                "This is the format of RFC 4716. Turn it into OpenSSH's with: ssh-keygen -i -f FILE",
            _ when Has(text, "BEGIN PUBLIC KEY") =>
                "This is a public key in the form of PKCS #8. Turn it into OpenSSH's with: ssh-keygen -i -m PKCS8 -f FILE",
            _ when Has(text, "BEGIN RSA PUBLIC KEY") =>
                "This is a public key in the form of PKCS #1. Turn it into OpenSSH's with: ssh-keygen -i -m PEM -f FILE",
            _ when Has(text, "BEGIN CERTIFICATE") || Has(text, "-cert-v01@openssh.com") =>
                "This is a certificate. Paste the key itself: the line of the file that ends in .pub and not in -cert.pub.",
            _ when Has(text, "BEGIN PGP") => "This is a PGP key, which SSH does not know. Make an SSH key with: ssh-keygen -t ed25519",
            ['\uFEFF', ..] =>
                "The key begins with a byte order mark, an invisible character that some editors put at the start of a file. Copy the line without it, for instance from a terminal.",
            [var first, ..] when Quotes.Contains(first, StringComparison.Ordinal) => "The key stands in quotes. Paste it without them.",
            _ => null,
        };

    /// <summary>
    /// Why the first two parts, split at plain spaces, cannot be a type and base64: what pages and word processors put there, and nobody
    /// sees. A comment may hold it.
    /// </summary>
    public static string? WhyNotCharacters(string[] parts)
    {
        foreach (var c in parts.Take(2).SelectMany(part => part))
        {
            if (c is '\u00A0' or '\u202F' or '\u2007')
            {
                return "The key holds a non-breaking space, as web pages and word processors write it. Put a plain space in its place.";
            }

            if (CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.SpaceSeparator)
            {
                return $"The key holds a character that nobody sees (U+{(int)c:X4}). Copy the line from its file, without it.";
            }

            if (c is '‐' or '‑' or '–' or '—' or '−')
            {
                return $"The key holds “{c}” where a plain hyphen belongs, as word processors write it. Copy the line from its file.";
            }
        }

        return null;
    }

    private static bool Has(string text, string mark) => text.Contains(mark, StringComparison.Ordinal);
}
