using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Portal.Model.Compute;

/// <summary>What one piece of user data is to cloud-init.</summary>
internal enum UserDataKind
{
    Script,
    CloudConfig,
    JsonPatch,
    Archive,
    Include,
    Boothook,
    PartHandler,
    Jinja,
}

/// <summary>
/// Looks at user data as cloud-init will, without running or fetching anything. What it leaves out silently, or only tells its log, is
/// refused here.
/// </summary>
internal static class UserDataForm
{
    /// <summary>So much is looked at of what a gzip holds; 16 KiB of it can hold a thousand times as much.</summary>
    private const int MostUnpacked = 128 * 1024;

    private const string TooMuch = "User data holds more than Portal looks through, once all in it is unpacked.";
    private const string BoothookMark = "#cloud-boothook",
        PatchMark = "#cloud-config-jsonp";

    /// <summary>
    /// By their beginnings, of which the longest counts; capitals are small letters and blanks before them are skipped
    /// (handlers.INCLUSION_TYPES_MAP).
    /// </summary>
    private static readonly (string Mark, UserDataKind Kind)[] Marks =
    [
        ("#cloud-config-archive", UserDataKind.Archive),
        (PatchMark, UserDataKind.JsonPatch),
        ("## template: jinja", UserDataKind.Jinja),
        (BoothookMark, UserDataKind.Boothook),
        ("#include-once", UserDataKind.Include),
        ("#cloud-config", UserDataKind.CloudConfig),
        ("#part-handler", UserDataKind.PartHandler),
        ("#include", UserDataKind.Include),
        ("#!", UserDataKind.Script),
    ];

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Why cloud-init would not do with it what its author means, as a sentence; null if it would.</summary>
    public static string? WhyNot(byte[] sent)
    {
        var place = new UserDataPlace("User data", Left: new UserDataBudget());
        return IsGzip(sent) ? WhyNotPacked(sent, place, WhyNotWhole) : WhyNotWhole(sent, place);
    }

    public static bool IsGzip(ReadOnlySpan<byte> content) => content.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]);

    /// <summary>Whether it begins like something that cloud-init takes.</summary>
    public static bool IsKnown(ReadOnlySpan<byte> content) =>
        IsGzip(content) || (TextOf(content) is { } text && (KindOf(text) is not null || UserDataMime.IsLike(text)));

    public static UserDataKind? KindOf(string text)
    {
        var start = text.AsSpan().TrimStart();
        foreach (var (mark, kind) in Marks)
        {
            if (start.StartsWith(mark, StringComparison.OrdinalIgnoreCase))
            {
                return kind;
            }
        }

        return null;
    }

    /// <summary>Null for what is not text.</summary>
    public static string? TextOf(ReadOnlySpan<byte> content)
    {
        try
        {
            return Utf8.GetString(content);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    public static string? WhyNotPacked(byte[] packed, UserDataPlace place, Func<byte[], UserDataPlace, string?> look)
    {
        if (!IsGzip(packed))
        {
            return $"{place.Name} says that it is packed by gzip, and is not.";
        }

        try
        {
            using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
            var content = new byte[MostUnpacked + 1];
            var length = gzip.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return length > MostUnpacked ? $"{place.Name} unpacks to more than {MostUnpacked:N0} bytes."
                : place.Left?.Take(length) is false ? TooMuch
                : look(content[..length], place with { Line = 0, Column = 0, Of = " of what is unpacked from it" });
        }
        catch (InvalidDataException)
        {
            return $"{place.Name} begins like something packed by gzip, and cannot be unpacked: is it whole?";
        }
    }

    /// <param name="kind">What it is taken for, whatever it begins with.</param>
    public static string? WhyNot(UserDataKind kind, string text, UserDataPlace place) =>
        kind switch
        {
            _ when place.Left?.Take(text.Length + UserDataBudget.EachLook) is false => TooMuch,
            UserDataKind.Script => WhyNotScript(text, place),
            UserDataKind.CloudConfig => UserDataYaml.WhyNotMapping(text, place),
            UserDataKind.JsonPatch => WhyNotPatch(text, place),
            UserDataKind.Archive => UserDataYaml.WhyNotArchive(text, place),
            UserDataKind.Include => WhyNotInclude(text, place),
            UserDataKind.Boothook => WhyNotBoothook(text, place),
            UserDataKind.Jinja => WhyNotJinja(text, place),
            _ => null,
        };

    private static string? WhyNotWhole(byte[] content, UserDataPlace place)
    {
        if (TextOf(content) is not { } text)
        {
            return IsGzip(content)
                ? $"{place.Name} is packed by gzip twice; cloud-init unpacks it once."
                : $"{place.Name} is not text in UTF-8{place.Of}.";
        }

        return text switch
        {
            _ when text.Contains('\0', StringComparison.Ordinal) => $"{place.Name} holds a zero byte; it must be text.",
            ['\uFEFF', ..] => $"{place.Name} begins with a byte order mark{place.Of}; cloud-init does not read past it.",
            _ when UserDataMime.Is(text) => UserDataMime.WhyNot(text, place),
            _ when KindOf(text) is { } kind => WhyNot(kind, text, place),
            _ when UserDataMime.IsLike(text) =>
                $"{place.Name} looks like a MIME message without the line “MIME-Version: 1.0” among its first {UserDataMime.LookedAt:N0} bytes, by which cloud-init knows one.",
            _ =>
                $"{place.Name} must begin with “#!” (a script), “#cloud-config” (YAML), or what else cloud-init knows: #cloud-config-archive, #include, #cloud-boothook, ## template: jinja, or the headers of a MIME message.",
        };
    }

    private static string? WhyNotScript(string text, UserDataPlace place) =>
        text.StartsWith("#!", StringComparison.Ordinal) ? null
        : KindOf(text) is UserDataKind.Script
            ? $"{place.Name} has blanks before its “#!”, so that it cannot be run: {place.At(text, text.IndexOf("#!", StringComparison.Ordinal))}."
        : $"{place.Name} is a script that does not begin with “#!”: {place.At(1)}.";

    private static string? WhyNotBoothook(string text, UserDataPlace place)
    {
        var rest = text.StartsWith(BoothookMark, StringComparison.Ordinal) ? text[BoothookMark.Length..] : text;
        return rest.TrimStart().StartsWith("#!", StringComparison.Ordinal)
            ? null
            : $"{place.Name} must have a script that begins with “#!” after “{BoothookMark}”: {place.At(text, text.Length - rest.TrimStart().Length)}.";
    }

    private static string? WhyNotInclude(string text, UserDataPlace place)
    {
        var count = 0;
        foreach (var (number, whole) in text.Split('\n').Index())
        {
            var line =
                whole.StartsWith("#include-once", StringComparison.OrdinalIgnoreCase) ? whole["#include-once".Length..].TrimStart()
                : whole.StartsWith("#include", StringComparison.OrdinalIgnoreCase) ? whole["#include".Length..].TrimStart()
                : whole;
            if (line.StartsWith('#') || line.Trim() is not { Length: > 0 } address)
            {
                continue;
            }

            if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https" or "file"))
            {
                return $"{place.Name} includes something that is not a web address: {place.At(number + 1, whole.Length - whole.TrimStart().Length + 1)}.";
            }

            count++;
        }

        return count == 0 ? $"{place.Name} includes nothing: after “#include” comes an address on each line." : null;
    }

    private static string? WhyNotPatch(string text, UserDataPlace place)
    {
        var start = text.IndexOf(PatchMark, StringComparison.OrdinalIgnoreCase) is >= 0 and var at ? at + PatchMark.Length : 0;
        try
        {
            using var patch = JsonDocument.Parse(text[start..]);
            return patch.RootElement.ValueKind is JsonValueKind.Array ? null : $"{place.Name} must be a JSON patch, a list of changes.";
        }
        catch (JsonException error)
        {
            // Counted in bytes, which are the columns of what is not a letter of another alphabet.
            var (line, column) = ((int)(error.LineNumber ?? 0), (int)(error.BytePositionInLine ?? 0) + 1);
            var before = text.AsSpan(0, start);
            return $"{place.Name} is not valid JSON: {place.At(before.Count('\n') + 1 + line, line == 0 ? start - before.LastIndexOf('\n') - 1 + column : column)}.";
        }
    }

    /// <summary>
    /// It is made into something else at the guest's boot; until then one sees whether its tags are closed, and what it begins with.
    /// </summary>
    private static string? WhyNotJinja(string text, UserDataPlace place)
    {
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        var (first, rest) = end < 0 ? (text, "") : (text[..end], text[(end + 1)..]);
        if (
            !first.StartsWith("##", StringComparison.Ordinal)
            || !first[(first.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim().Equals("jinja", StringComparison.OrdinalIgnoreCase)
        )
        {
            return $"{place.Name} must say “## template: jinja” in its first line, and nothing else there.";
        }

        if (WhyNotTags(text, place) is { } reason)
        {
            return reason;
        }

        var inner = place with { Line = place.Line + 1 };
        return KindOf(rest) switch
        {
            null when rest.TrimStart().StartsWith('{') => null,
            UserDataKind.Script => WhyNotScript(rest, inner),
            UserDataKind.CloudConfig => rest.Contains("{{", StringComparison.Ordinal)
            || rest.Contains("{%", StringComparison.Ordinal)
            || rest.Contains("{#", StringComparison.Ordinal)
                ? null
                : UserDataYaml.WhyNotMapping(rest, inner),
            UserDataKind.JsonPatch => null,
            _ => $"{place.Name} must go on with a script or a #cloud-config after “## template: jinja”: {place.At(2)}.",
        };
    }

    private static string? WhyNotTags(string text, UserDataPlace place)
    {
        var lastRaw = text.LastIndexOf("endraw", StringComparison.Ordinal);
        for (var at = 0; (at = text.IndexOf('{', at)) >= 0 && at + 1 < text.Length; )
        {
            if (text[at + 1] is not ('{' or '%' or '#'))
            {
                at++;
                continue;
            }

            var closing = text[at + 1] switch
            {
                '{' => "}}",
                '%' => "%}",
                _ => "#}",
            };
            var end = text.IndexOf(closing, at + 2, StringComparison.Ordinal);
            if (end < 0)
            {
                return $"{place.Name} opens “{text[at..(at + 2)]}” and never closes it: {place.At(text, at)}.";
            }

            // Between these nothing is a tag.
            var isRaw = closing is "%}" && text[(at + 2)..end].Trim(' ', '-', '+', '\n') is "raw";
            at = isRaw && end <= lastRaw ? text.IndexOf("endraw", end, StringComparison.Ordinal) : end + 2;
        }

        return null;
    }
}
