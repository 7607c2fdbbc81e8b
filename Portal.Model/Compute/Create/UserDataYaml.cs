using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Portal.Model.Compute;

/// <summary>
/// YAML in user data, from the parser's events and never as a document: what a customer typed may nest, or refer to itself, so that
/// building or comparing its nodes would not end.
/// </summary>
internal static class UserDataYaml
{
    private const int MaxDepth = 64;
    private const string OnlySpaces = "where cloud-init's YAML takes spaces only";

    public static string? WhyNotMapping(string text, UserDataPlace place)
    {
        var open = new Opened();
        return Read(
            text,
            place,
            parser =>
                parser switch
                {
                    DocumentStart when ++open.Documents > 1 => $"{place.Name} must be one YAML mapping, such as “packages: [htop]”.",
                    NodeEvent and not MappingStart when open.Depth == 0 =>
                        $"{place.Name} must be one YAML mapping, such as “packages: [htop]”.",
                    _ => open.Take(parser, place, text),
                }
        );
    }

    /// <summary>A list of which each item is a text, or a mapping with its <c>content</c> and perhaps its <c>type</c>.</summary>
    public static string? WhyNotArchive(string text, UserDataPlace place)
    {
        var (open, entries) = (new Opened(), new Entries(text, place));
        return Read(
            text,
            place,
            parser =>
                parser switch
                {
                    DocumentStart when ++open.Documents > 1 => $"{place.Name} must be one YAML list, each item with its “content”.",
                    NodeEvent and not SequenceStart when open.Depth == 0 =>
                        $"{place.Name} must be one YAML list, each item with its “content”.",
                    _ => open.Take(parser, place, text) ?? entries.Take(parser, open.Depth),
                }
        );
    }

    private static string? Read(string text, UserDataPlace place, Func<ParsingEvent, string?> take)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            while (parser.MoveNext())
            {
                if (take(parser.Current!) is { } reason)
                {
                    return reason;
                }
            }

            return Tab(text) is >= 0 and var found ? $"{place.Name} holds a tab {OnlySpaces}: {place.At(text, found)}." : null;
        }
        catch (YamlException error)
        {
            // At the end of the text it counts one line too many. A tab that begins the next line is what cloud-init's parser stumbles
            // upon.
            var at = Math.Min((int)error.Start.Index, text.TrimEnd().Length);
            var (line, next) = (text.LastIndexOf('\n', Math.Max(0, at - 1)) + 1, text.IndexOf('\n', at) + 1);
            var tab = Math.Max(Indent(text, line), next > 0 ? Indent(text, next) : -1);

            // Of some of them the parser tells no place; the first line that begins with one is it.
            tab = tab >= 0 || error.Start.Index > 0 ? tab : IndentedByTab(text);
            return tab >= 0
                ? $"{place.Name} holds a tab {OnlySpaces}: {place.At(text, tab)}."
                : $"{place.Name} is not valid YAML: {place.At(text, at)}.";
        }
    }

    private static int IndentedByTab(string text)
    {
        for (var line = 0; line < text.Length; line++)
        {
            if (Indent(text, line) is >= 0 and var tab)
            {
                return tab;
            }

            line = text.IndexOf('\n', line) is >= 0 and var end ? end : text.Length;
        }

        return -1;
    }

    /// <summary>Where the first tab is among the blanks that begin a line; -1 for none.</summary>
    private static int Indent(string text, int line)
    {
        var end = line;
        while (end < text.Length && text[end] is (' ' or '\t'))
        {
            end++;
        }

        return text.IndexOf('\t', line, end - line);
    }

    /// <summary>
    /// cloud-init's parser takes tabs within texts and comments only, where YAML 1.2 and this one take them between other things too. Where
    /// the first is that it would stumble upon; -1 for none.
    /// </summary>
    private static int Tab(string text)
    {
        if (!text.Contains('\t', StringComparison.Ordinal))
        {
            return -1;
        }

        var (scanner, end) = (new Scanner(new StringReader(text), skipComments: false), 0);
        while (scanner.MoveNext())
        {
            var start = (int)scanner.Current!.Start.Index;
            for (var i = end; i < start && i < text.Length; i++)
            {
                if (text[i] is '#')
                {
                    i = text.IndexOf('\n', i) is >= 0 and var line ? line : text.Length;
                }
                else if (text[i] is '\t')
                {
                    return i;
                }
            }

            end = Math.Max(end, (int)scanner.Current.End.Index);
        }

        return -1;
    }

    /// <summary>What has been begun, and what can be referred to.</summary>
    private sealed class Opened
    {
        private readonly HashSet<AnchorName> defined = [];
        private readonly Stack<AnchorName> open = new();

        public int Documents { get; set; }

        public int Depth => open.Count;

        public string? Take(ParsingEvent current, UserDataPlace place, string text)
        {
            switch (current)
            {
                case MappingStart or SequenceStart when open.Count == MaxDepth:
                    return $"{place.Name} nests deeper than {MaxDepth} levels: {place.At(text, (int)current.Start.Index)}.";
                case MappingStart or SequenceStart:
                    open.Push(((NodeEvent)current).Anchor);
                    break;
                case MappingEnd or SequenceEnd:
                    defined.Add(open.Pop());
                    break;
                case AnchorAlias alias when !defined.Contains(alias.Value):
                    return $"{place.Name} refers to *{alias.Value}, which is not defined before: {place.At(text, (int)alias.Start.Index)}.";
                case Scalar scalar:
                    defined.Add(scalar.Anchor);
                    break;
            }

            return null;
        }
    }

    /// <summary>The items of an archive as they go by.</summary>
    private sealed class Entries(string text, UserDataPlace place)
    {
        private readonly string[] lines = text.Split('\n');
        private readonly Dictionary<AnchorName, Scalar> named = [];
        private Scalar? key,
            content;
        private string? type;
        private int number,
            at;
        private bool isKey,
            hasOther;

        /// <param name="depth">After the event.</param>
        public string? Take(ParsingEvent current, int depth)
        {
            switch (current)
            {
                case Scalar scalar when depth == 1:
                    (number, at) = (number + 1, (int)scalar.Start.Index);
                    Name(scalar);
                    return WhyNot(scalar, null);
                case AnchorAlias alias when depth == 1:
                    number++;
                    return named.TryGetValue(alias.Value, out var known) ? WhyNot(known, null) : null;
                case MappingStart when depth == 2:
                    (number, at, key, content, type, isKey, hasOther) = (
                        number + 1,
                        (int)current.Start.Index,
                        null,
                        null,
                        null,
                        true,
                        false
                    );
                    return null;
                case SequenceStart when depth == 2:
                    number++;
                    return $"Entry {number} of {place.Name} is a list; an entry is a text, or a mapping with its “content”: {place.At(text, (int)current.Start.Index)}.";
                case MappingEnd when depth == 1:
                    return content is null && !hasOther ? $"Entry {number} has no “content”: {place.At(text, at)}."
                        : content is null ? null
                        : WhyNot(content, type);
                case Scalar scalar when depth == 2:
                    Name(scalar);
                    Put(scalar);
                    return null;
                case AnchorAlias alias when depth == 2:
                    Put(named.GetValueOrDefault(alias.Value));
                    return null;
                case MappingEnd or SequenceEnd when depth == 2:
                    Put(null);
                    return null;
                default:
                    return null;
            }
        }

        private void Name(Scalar scalar)
        {
            if (!scalar.Anchor.IsEmpty)
            {
                named[scalar.Anchor] = scalar;
            }
        }

        private void Put(Scalar? value)
        {
            if (isKey)
            {
                key = value;
            }
            else if (key?.Value is "content")
            {
                (content, hasOther) = (value, value is null);
            }
            else if (key?.Value is "type")
            {
                type = value?.Value;
            }

            isKey = !isKey;
        }

        /// <summary>
        /// cloud-init takes an entry that says nothing of itself, and begins with nothing that it knows, for a cloud-config. It looks for
        /// no more entries in one.
        /// </summary>
        private string? WhyNot(Scalar scalar, string? told)
        {
            // Bytes in base64 (!!binary) stay unread.
            if (!scalar.Tag.IsEmpty && scalar.Tag.Value.EndsWith("binary", StringComparison.Ordinal))
            {
                return null;
            }

            var kind = string.IsNullOrEmpty(told)
                ? UserDataForm.KindOf(scalar.Value) ?? UserDataKind.CloudConfig
                : UserDataMime.OfType(told);
            return kind switch
            {
                null => $"Entry {number} is of the type {told}, which cloud-init does not know: {place.At(text, at)}.",
                UserDataKind.Include or UserDataKind.Archive =>
                    $"Entry {number} is an include or an archive, which cloud-init leaves out within an archive: {place.At(text, at)}.",
                { } known => UserDataForm.WhyNot(known, scalar.Value, PlaceOf(scalar)),
            };
        }

        /// <summary>The lines of a literal block are those of the text around it, further to the right.</summary>
        private UserDataPlace PlaceOf(Scalar scalar)
        {
            var (before, end) = ((int)scalar.Start.Line, scalar.Value.IndexOf('\n', StringComparison.Ordinal));
            var own = end < 0 ? scalar.Value : scalar.Value[..end];
            return
                scalar.Style is ScalarStyle.Literal
                && own.Length > 0
                && before < lines.Length
                && lines[before].TrimEnd('\r').EndsWith(own, StringComparison.Ordinal)
                ? place with
                {
                    Name = $"Entry {number}",
                    Line = place.Line + before,
                    Column = place.Column + lines[before].TrimEnd('\r').Length - own.Length,
                }
                : place with
                {
                    Name = $"Entry {number}",
                    Line = 0,
                    Column = 0,
                    Of = " of its content",
                };
        }
    }
}
