using System.Reflection;
using System.Text.RegularExpressions;
using Portal.Model.Shared;
using Portal.Worker;

namespace Portal.Tests.Shared;

/// <summary>How the source is written, as far as neither the formatter nor an analyzer sees to it.</summary>
public sealed partial class StyleTests
{
    private const int Width = 140;

    /// <summary>
    /// A line of markup, script or style may be longer only for a text in quotes, or a word, that would be too long on a line of its own.
    /// C# is broken by the formatter, which leaves texts whole; its comments are not.
    /// </summary>
    [Fact]
    public void No_line_is_longer_than_a_screen_is_wide() =>
        Assert.Empty(
            Files("*.razor", "*.js", "*.css")
                .SelectMany(file => Numbered(file).Where(line => IsTooLong(line.Text)).Select(line => $"{file.Name}:{line.Number}"))
                .Concat(
                    Files("*.cs")
                        .SelectMany(file =>
                            Numbered(file)
                                .Where(line => line.Text.Length > Width && line.Text.TrimStart().StartsWith("//", StringComparison.Ordinal))
                                .Select(line => $"{file.Name}:{line.Number}")
                        )
                )
        );

    [Theory]
    [InlineData(10, "<p>", true)]
    [InlineData(140, "<p>", false)]
    public void A_text_is_too_long_if_it_could_be_broken(int word, string before, bool isTooLong)
    {
        var text = string.Join(' ', Enumerable.Repeat(new string('x', word), (160 / word) + 1));
        Assert.Equal(isTooLong, IsTooLong($"    {before} {text}"));
        Assert.False(IsTooLong($"    {before} title=\"{text}\""));
    }

    /// <summary>Whoever reads a page reads one question at a time; two make a property with a name.</summary>
    [Fact]
    public void No_expression_in_markup_asks_twice() =>
        Assert.Empty(
            Files("*.razor")
                .SelectMany(file =>
                    Expressions(file.Text.Split("\n@code {")[0])
                        .Where(expression => Question().Count(expression) > 1)
                        .Select(expression => $"{file.Name}: {expression}")
                )
        );

    [Theory]
    [InlineData("<p class=\"@(a ? \"b\" : c)\">@(d ?? e)</p><i>@(f ? g : h)</i>", 1, 0, 1)]
    [InlineData("<p>@(a ? $\"{(b ? \")\" : \"(\")}\" : null)</p><p class=\"@c\">@(d)</p>", 2, 0)]
    public void Questions_are_counted_by_expression(string markup, params int[] counts) =>
        Assert.Equal(counts, Expressions(markup).Select(expression => Question().Count(expression)));

    [Fact]
    public void No_two_lines_in_a_row_are_empty() =>
        Assert.Empty(
            Files("*.razor", "*.js", "*.css", "*.cs")
                .Where(file => file.Text.Contains("\n\n\n", StringComparison.Ordinal))
                .Select(file => file.Name)
        );

    [Fact]
    public void What_is_called_Async_can_be_awaited() =>
        Assert.Empty(
            new[] { typeof(WebHost).Assembly, typeof(WorkerHost).Assembly, typeof(Outcome).Assembly, typeof(StyleTests).Assembly }
                .SelectMany(assembly => assembly.GetTypes())
                .SelectMany(type =>
                    type.GetMethods(
                        BindingFlags.Public
                            | BindingFlags.NonPublic
                            | BindingFlags.Instance
                            | BindingFlags.Static
                            | BindingFlags.DeclaredOnly
                    )
                )
                .Where(method =>
                    !method.IsSpecialName
                    && method.Name.EndsWith("Async", StringComparison.Ordinal)
                    && method.ReturnType.GetMethod("GetAwaiter") is null
                    && method.ReturnType.GetMethod("GetAsyncEnumerator") is null
                )
                .Select(method => $"{method.DeclaringType}.{method.Name}")
        );

    /// <summary><see cref="Counted"/> knows how; who makes one by hand, or mends one, gets entrys.</summary>
    [Fact]
    public void Plurals_are_made_in_one_place() =>
        Assert.Empty(
            Files("*.razor", "*.cs")
                .Where(file => !file.Name.StartsWith("Portal.Tests/", StringComparison.Ordinal) && HandmadePlural().IsMatch(file.Text))
                .Select(file => file.Name)
        );

    [Fact]
    public void What_a_resource_waits_for_is_said_by_one_file() =>
        Assert.Empty(
            Files("*.cs")
                .Where(file => !file.Name.StartsWith("Portal.Tests/", StringComparison.Ordinal) && SaidOnTheSpot().IsMatch(file.Text))
                .Select(file => file.Name)
        );

    private static bool IsTooLong(string line)
    {
        var indent = line.Length - line.TrimStart().Length;
        return line.Length > Width && Unbreakable().Matches(line).All(part => indent + part.Length <= Width - 4);
    }

    /// <summary>What stands in <c>@( )</c>, without the brackets and strings in it misleading anybody.</summary>
    private static IEnumerable<string> Expressions(string markup)
    {
        for (var at = markup.IndexOf("@(", StringComparison.Ordinal); at >= 0; at = markup.IndexOf("@(", at + 2, StringComparison.Ordinal))
        {
            yield return markup[at..End(markup, at + 1)];
        }
    }

    /// <summary>Behind the bracket that closes the one at <paramref name="at"/>.</summary>
    private static int End(string text, int at)
    {
        var close = text[at] is '(' ? ')' : '}';
        for (var i = at + 1; i < text.Length; i++)
        {
            if (text[i] == close)
            {
                return i + 1;
            }

            i = text[i] switch
            {
                '(' or '{' => End(text, i) - 1,
                '"' => EndOfText(text, i, hasHoles: text[i - 1] is '$') - 1,
                _ => i,
            };
        }

        return text.Length;
    }

    private static int EndOfText(string text, int at, bool hasHoles)
    {
        for (var i = at + 1; i < text.Length; i++)
        {
            if (text[i] is '"')
            {
                return i + 1;
            }

            i = text[i] switch
            {
                '\\' => i + 1,
                '{' when hasHoles => End(text, i) - 1,
                _ => i,
            };
        }

        return text.Length;
    }

    private static IEnumerable<(int Number, string Text)> Numbered((string Name, string Text) file) =>
        file.Text.Split('\n').Select((line, index) => (index + 1, line));

    private static IEnumerable<(string Name, string Text)> Files(params string[] patterns) =>
        new[] { "Portal", "Portal.Model", "Portal.Worker", "Portal.Sandbox", "Portal.Tests", "wwwroot" }.SelectMany(folder =>
            Sources.Files(folder, patterns)
        );

    // An apostrophe is a quote in scripts and styles only.
    [GeneratedRegex("""("[^"]*"|(?<=[\s(,:=+\[])'[^']*'|`[^`]*`|\S)+""", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Unbreakable();

    [GeneratedRegex(@"\s\?\s", RegexOptions.NonBacktracking)]
    private static partial Regex Question();

    [GeneratedRegex("""\? \$"1 \{|Replace\("[a-z]+s", "[a-z]+s"\)""", RegexOptions.NonBacktracking)]
    private static partial Regex HandmadePlural();

    [GeneratedRegex("""\.Wait\(\s*\$?"|\bWaiting = \$?"[^"]""", RegexOptions.NonBacktracking)]
    private static partial Regex SaidOnTheSpot();
}
