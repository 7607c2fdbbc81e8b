using System.Text;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>
/// cloud-init user data in every form that cloud-init takes: a script, a cloud-config, a MIME message of several parts, an archive, an
/// include, a boothook, a Jinja template, a part handler, and any of them packed by gzip. What is not text is typed and kept in base64; the
/// guest gets the bytes. https://cloudinit.readthedocs.io/en/latest/explanation/format.html
/// </summary>
public static class UserData
{
    /// <summary>EC2's limit: 16 KiB of what is sent. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>
    /// Of the field, in characters: base64 of the most that can be sent, on lines, and some to see how much too long something is.
    /// </summary>
    public const int MaxTyped = 70_000;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// What was typed, as it is kept: with the line ends of the guest and without the mark that some editors put before everything; null if
    /// it is nothing.
    /// </summary>
    public static string? Kept(string? text) =>
        string.IsNullOrWhiteSpace(text) ? null : text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal);

    /// <summary>What the guest gets of it: base64 of something that cloud-init takes is only how it is typed.</summary>
    public static byte[] Sent(string kept) => FromBase64(kept) ?? Encoding.UTF8.GetBytes(kept);

    /// <summary>In bytes of what is sent.</summary>
    public static int Size(string? text) => Kept(text) is { } kept ? Sent(kept).Length : 0;

    /// <summary>A file's content as it is typed.</summary>
    public static string OfFile(byte[] content)
    {
        try
        {
            return UserDataForm.IsGzip(content)
                ? Convert.ToBase64String(content, Base64FormattingOptions.InsertLineBreaks)
                : Utf8.GetString(content);
        }
        catch (DecoderFallbackException)
        {
            return Convert.ToBase64String(content, Base64FormattingOptions.InsertLineBreaks);
        }
    }

    /// <summary>
    /// Whether a look at it takes no more than its own letters: it holds nothing that could be unpacked, and nothing within itself.
    /// </summary>
    public static bool IsPlain(string? text) =>
        Kept(text) is not { } kept
        || (
            kept.Length <= MaxBytes
            && UserDataForm.KindOf(kept) is UserDataKind.Script or UserDataKind.CloudConfig
            && !UserDataMime.IsLike(kept)
        );

    public static Outcome Check(string? text)
    {
        if (Kept(text) is not { } kept)
        {
            return Outcome.Done;
        }

        var sent = Sent(kept);
        return sent.Length > MaxBytes ? Refusal.Invalid($"User data is {sent.Length:N0} bytes; at most {MaxBytes:N0} are allowed.")
            : UserDataForm.WhyNot(sent) is { } reason ? Refusal.Invalid(reason)
            : Outcome.Done;
    }

    private static byte[]? FromBase64(string text)
    {
        // Nothing that cloud-init takes as it is consists of base64's characters alone.
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) && UserDataForm.IsKnown(bytes.AsSpan(0, length))
            ? bytes[..length]
            : null;
    }
}
