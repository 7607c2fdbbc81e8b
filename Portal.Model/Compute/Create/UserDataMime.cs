using System.Text;
using System.Text.RegularExpressions;

namespace Portal.Model.Compute;

/// <summary>
/// A MIME message as Python reads it for cloud-init (RFC 2045, 2046): headers, and parts between boundaries, which may be messages of parts
/// themselves.
/// </summary>
internal sealed partial class UserDataMime
{
    /// <summary>cloud-init looks for “MIME-Version:” in so many bytes.</summary>
    public const int LookedAt = 4096;

    private const int MaxDepth = 8;
    private const string Version = "mime-version:";

    private static readonly string[] Packed =
    [
        "application/gzip",
        "application/gzip-compressed",
        "application/gzipped",
        "application/x-compress",
        "application/x-compressed",
        "application/x-gunzip",
        "application/x-gzip",
        "application/x-gzip-compressed",
    ];

    private readonly string[] lines;
    private readonly UserDataPlace whole;
    private int parts;
    private bool hasHandler,
        isDivided;

    private UserDataMime(string text, UserDataPlace whole) =>
        (lines, this.whole) = ([.. text.Split('\n').Select(line => line.TrimEnd('\r'))], whole);

    /// <summary>Whether cloud-init reads it as a message.</summary>
    public static bool Is(string text) =>
        Header().IsMatch(text)
        && text.IndexOf(Version, StringComparison.OrdinalIgnoreCase) is >= 0 and var at
        && Encoding.UTF8.GetByteCount(text.AsSpan(0, at)) + Version.Length <= LookedAt;

    /// <summary>Whether its first line is a header of a message, whatever comes then.</summary>
    public static bool IsLike(string text) => Is(text) || OwnHeader().IsMatch(text);

    public static string? WhyNot(string text, UserDataPlace place)
    {
        var message = new UserDataMime(text, place);
        return message.WhyNot(0, message.lines.Length, 0)
            ?? (message.parts == 0 ? $"{place.Name} is a MIME message without a part." : null);
    }

    /// <summary>Of the lines from one to before another: a message or a part.</summary>
    private string? WhyNot(int from, int to, int depth)
    {
        var (headers, body) = Headers(from, to);
        var (type, at) = headers.TryGetValue("content-type", out var told) ? told : ("text/plain", from);
        var name = type.Split(';')[0].Trim().ToLowerInvariant();
        name = name.Count(c => c is '/') == 1 ? name : "text/plain";
        return name.StartsWith("multipart/", StringComparison.Ordinal)
            ? WhyNotParts(type, at, body, to, depth)
            : WhyNotPart(
                name,
                headers.TryGetValue("content-transfer-encoding", out var encoding) ? encoding.Value.Trim().ToLowerInvariant() : "",
                at,
                body,
                to
            );
    }

    private string? WhyNotParts(string type, int at, int from, int to, int depth)
    {
        if (
            Boundary().Match(type) is not { Success: true } found
            || (found.Groups["quoted"].Value + found.Groups["plain"].Value).TrimEnd() is not { Length: > 0 } boundary
        )
        {
            return $"{whole.Name} has a multipart header without a boundary, so that cloud-init skips it: {whole.At(at + 1)}.";
        }

        if (depth == MaxDepth)
        {
            return $"{whole.Name} nests deeper than {MaxDepth} messages: {whole.At(at + 1)}.";
        }

        isDivided = true;
        var begin = -1;
        for (var i = from; i < to; i++)
        {
            var line = lines[i].TrimEnd(' ', '\t');
            if (
                line.Length < boundary.Length + 2
                || !line.StartsWith("--", StringComparison.Ordinal)
                || !line.AsSpan(2).StartsWith(boundary, StringComparison.Ordinal)
                || line[(boundary.Length + 2)..] is not ("" or "--")
            )
            {
                continue;
            }

            if (begin >= 0 && WhyNot(begin, i, depth + 1) is { } reason)
            {
                return reason;
            }

            begin = i + 1;
            if (line.Length > boundary.Length + 2)
            {
                return null;
            }
        }

        return begin < 0
            ? $"{whole.Name} names the boundary “{boundary}”, and no line is --{boundary}: {whole.At(at + 1)}."
            : $"{whole.Name} does not end with the line --{boundary}--: was it copied whole? Its last part begins in {whole.At(begin)}.";
    }

    private string? WhyNotPart(string type, string encoding, int at, int from, int to)
    {
        parts++;
        var place = whole with { Name = isDivided ? $"Part {parts}" : whole.Name, Line = whole.Line + from };
        var text = string.Join('\n', lines[from..Math.Max(from, to)]);
        var content = encoding switch
        {
            "base64" => FromBase64(text),
            "quoted-printable" => FromQuoted(text),
            _ => Encoding.UTF8.GetBytes(text),
        };
        if (content is null)
        {
            return $"{place.Name} is declared as base64 but is not valid base64: {whole.At(from + 1)}.";
        }

        place = encoding is "base64" or "quoted-printable" ? place with { Line = 0, Column = 0, Of = " of its decoded text" } : place;
        return Packed.Contains(type)
            ? UserDataForm.WhyNotPacked(content, place, (unpacked, inner) => WhyNotContent("text/plain", unpacked, at, inner))
            : WhyNotContent(type, content, at, place);
    }

    private string? WhyNotContent(string type, byte[] content, int at, UserDataPlace place)
    {
        var text = UserDataForm.TextOf(content);
        var begins = text is null ? null : UserDataForm.KindOf(text);
        if (KindOf(type, begins) is not { } kind)
        {
            return hasHandler ? null
                : type is "text/plain" or "text/x-not-multipart"
                    ? $"{place.Name} is plain text that begins with nothing that cloud-init knows: {place.At(1)}."
                : $"{place.Name} is of the type {type}, which cloud-init does not know: {whole.At(at + 1)}.";
        }

        hasHandler |= kind is UserDataKind.PartHandler;
        return text is null ? $"{place.Name} is not text in UTF-8{place.Of}." : UserDataForm.WhyNot(kind, text, place);
    }

    /// <summary>By what it says of itself; by its beginning where cloud-init goes by that.</summary>
    internal static UserDataKind? KindOf(string type, UserDataKind? begins) =>
        type switch
        {
            "text/plain" or "text/x-not-multipart" => begins,
            "text/x-shellscript" => begins ?? UserDataKind.Script,
            _ => OfType(type),
        };

    /// <summary>Null for a type that cloud-init has no handler for.</summary>
    internal static UserDataKind? OfType(string type) =>
        type switch
        {
            "text/x-shellscript" or "text/x-shellscript-per-boot" or "text/x-shellscript-per-instance" or "text/x-shellscript-per-once" =>
                UserDataKind.Script,
            "text/cloud-config" => UserDataKind.CloudConfig,
            "text/cloud-config-jsonp" => UserDataKind.JsonPatch,
            "text/cloud-config-archive" => UserDataKind.Archive,
            "text/x-include-url" or "text/x-include-once-url" => UserDataKind.Include,
            "text/cloud-boothook" => UserDataKind.Boothook,
            "text/part-handler" => UserDataKind.PartHandler,
            "text/jinja2" => UserDataKind.Jinja,
            _ => null,
        };

    /// <returns>
    /// By their names in small letters, each with its line; and where the body begins, which is at the first line that is none of them.
    /// </returns>
    private (Dictionary<string, (string Value, int Line)> Headers, int Body) Headers(int from, int to)
    {
        var headers = new Dictionary<string, (string Value, int Line)>(StringComparer.Ordinal);
        string? last = null;
        var i = from;
        for (; i < to && lines[i].Length > 0; i++)
        {
            if (lines[i][0] is ' ' or '\t' && last is not null)
            {
                // As much as any header of it holds: each line is added to all before.
                headers[last] = headers[last] is { Value.Length: < LookedAt } begun
                    ? ($"{begun.Value} {lines[i].Trim()}", begun.Line)
                    : headers[last];
            }
            else if (Header().IsMatch(lines[i]))
            {
                var colon = lines[i].IndexOf(':', StringComparison.Ordinal);
                last = lines[i][..colon].ToLowerInvariant();
                headers.TryAdd(last, (lines[i][(colon + 1)..].Trim(), i));
            }
            else
            {
                return (headers, i);
            }
        }

        return (headers, Math.Min(i + 1, to));
    }

    private static byte[]? FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }

    private static byte[] FromQuoted(string text) =>
        Encoding.Latin1.GetBytes(
            Quoted()
                .Replace(
                    Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text)),
                    code => code.Groups["code"].Value is { Length: 2 } hex ? ((char)Convert.ToByte(hex, 16)).ToString() : ""
                )
        );

    [GeneratedRegex(@"\A[!-9;-~]+:", RegexOptions.NonBacktracking)]
    private static partial Regex Header();

    [GeneratedRegex(
        @"\A(content-[a-z-]+|mime-version):",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking
    )]
    private static partial Regex OwnHeader();

    [GeneratedRegex(
        @"[;\s]boundary\s*=\s*(""(?<quoted>[^""]*)""|(?<plain>[^\s;""]+))",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking
    )]
    private static partial Regex Boundary();

    [GeneratedRegex(@"=((?<code>[0-9A-Fa-f]{2})|[ \t]*\n)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Quoted();
}
