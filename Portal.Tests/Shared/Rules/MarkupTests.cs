using System.Text.RegularExpressions;

namespace Portal.Tests.Shared;

/// <summary>Mistakes in markup that compile, that axe does not mind, and that a person reads or a circuit dies of.</summary>
public sealed partial class MarkupTests
{
    /// <summary>
    /// What was opened before it is never closed, which ends the circuit. At the top of a file, under an @if of its own, it is the pattern
    /// of "still loading".
    /// </summary>
    [Fact]
    public void No_part_returns_from_within_an_open_element() =>
        Assert.Empty(
            Markup()
                .SelectMany(file =>
                    file.Lines.Index()
                        .Where(line =>
                            line.Item.Trim() is "return;"
                            && Enclosing(file.Lines, line.Index).Any(outer => outer.TrimStart().StartsWith('<'))
                        )
                        .Select(line => $"{file.Name}:{line.Index + 1}")
                )
        );

    /// <summary>Behind @: an element whose attribute holds C# is written as text.</summary>
    [Fact]
    public void No_line_of_plain_text_holds_an_element() => Assert.Empty(Find(TextLineWithTag()));

    /// <summary>Razor does not read entities in an attribute that it hands on as a string: people see them as they are typed.</summary>
    [Fact]
    public void No_attribute_holds_an_entity() => Assert.Empty(Find(EntityInAttribute()));

    /// <summary>Without its @ a parameter that is a text gets the words of the expression, and compiles.</summary>
    [Fact]
    public void No_parameter_that_is_a_text_gets_an_expression_for_one()
    {
        var parts = typeof(WebHost).Assembly.GetTypes().ToLookup(type => type.Name, StringComparer.Ordinal);
        Assert.Empty(
            Markup()
                .SelectMany(file => Parts().Matches(string.Join('\n', file.Lines)), (file, part) => (file.Name, Part: part))
                .SelectMany(
                    found => Expressions().Matches(found.Part.Groups["parameters"].Value),
                    (found, given) => (found.Name, Part: found.Part.Groups["part"].Value, Parameter: given.Groups["parameter"].Value, given)
                )
                .Where(found => parts[found.Part].Any(part => part.GetProperty(found.Parameter)?.PropertyType == typeof(string)))
                .Select(found => $"{found.Name}: <{found.Part} {found.given.Value.Trim()}>")
        );
    }

    [Theory]
    [InlineData("<FactorPanel Account=\"account.Id\" />", "Account")]
    [InlineData("<A B=\"@a.B\" C=\"list[0].D\"\n   E=\"It is. So\" F=\"first\">", "C")]
    public void What_looks_like_an_expression_is_found(string markup, string parameter) =>
        Assert.Equal(
            parameter,
            Assert.Single(Expressions().Matches(Parts().Match(markup).Groups["parameters"].Value)).Groups["parameter"].Value
        );

    /// <summary>
    /// A script that is none may be called before it has loaded, which ends a circuit on a slow line; a module is waited for, and says when
    /// it does not come (BrokenLineTests).
    /// </summary>
    [Fact]
    public void Every_script_of_our_own_is_a_module() =>
        Assert.All(Find(OwnScript()), line => Assert.Contains("type=\"module\"", line, StringComparison.Ordinal));

    /// <summary>The sentences were written with both; a person meets them side by side.</summary>
    [Fact]
    public void Every_apostrophe_is_straight() =>
        Assert.Empty(
            ((string[])["Portal", "Portal.Model", "Portal.Worker", "Portal.Sandbox", "wwwroot"])
                .SelectMany(folder => Sources.Files(folder, "*.razor", "*.cs", "*.js"))
                .SelectMany(file =>
                    file.Text.Split('\n')
                        .Index()
                        .Where(line => line.Item.Contains('\u2019', StringComparison.Ordinal))
                        .Select(line => $"{file.Name}:{line.Index + 1}")
                )
        );

    [Theory]
    [InlineData("<p>\n    @if (x)\n    {\n        return;\n    }\n</p>", true)]
    [InlineData("@if (x)\n{\n    <p>Loading</p>\n    return;\n}\n<p></p>", false)]
    public void A_return_within_an_element_is_told_from_one_at_the_top(string markup, bool isWithin)
    {
        var lines = markup.Split('\n');
        Assert.Equal(
            isWithin,
            Enclosing(lines, Array.FindIndex(lines, line => line.Trim() is "return;")).Any(outer => outer.TrimStart().StartsWith('<'))
        );
    }

    private static IEnumerable<string> Find(Regex mistake) =>
        Markup()
            .SelectMany(file =>
                file.Lines.Index()
                    .Where(line => mistake.IsMatch(line.Item))
                    .Select(line => $"{file.Name}:{line.Index + 1}: {line.Item.Trim()}")
            );

    /// <summary>The lines that a line stands within, by their indentation, the innermost first.</summary>
    private static IEnumerable<string> Enclosing(string[] lines, int index)
    {
        var depth = Depth(lines[index]);
        for (var i = index - 1; i >= 0 && depth > 0; i--)
        {
            if (lines[i].Trim().Length > 0 && Depth(lines[i]) < depth)
            {
                depth = Depth(lines[i]);
                yield return lines[i];
            }
        }
    }

    private static int Depth(string line) => line.Length - line.TrimStart().Length;

    private static IEnumerable<(string Name, string[] Lines)> Markup() =>
        Sources.Files("Portal", "*.razor").Select(file => (file.Name, file.Text.Split("\n@code {")[0].Split('\n')));

    [GeneratedRegex("""@:.*<[a-z]""", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex TextLineWithTag();

    [GeneratedRegex("""<script src="@Assets\["[a-z]""", RegexOptions.NonBacktracking)]
    private static partial Regex OwnScript();

    [GeneratedRegex("=\"[^\"@]*&(#[0-9]+|[a-z]+);", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex EntityInAttribute();

    [GeneratedRegex(
        """<(?<part>[A-Z]\w*)(?<parameters>(\s+[@\w:-]+(="[^"]*")?)+)\s*/?>""",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000
    )]
    private static partial Regex Parts();

    [GeneratedRegex(
        """\s(?<parameter>[A-Z]\w*)="[a-z_]\w*(\[[^\]"]*\])?(\.[A-Z]\w*(\[[^\]"]*\])?)+["]""",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000
    )]
    private static partial Regex Expressions();
}
