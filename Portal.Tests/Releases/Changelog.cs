using System.Text.RegularExpressions;
using Portal.Tests.Shared;

namespace Portal.Tests.Releases;

/// <summary>The lines of CHANGELOG.md that name a version, newest first.</summary>
internal static class Changelog
{
    public static IReadOnlyList<ChangelogLine> Lines { get; } =
    [
        .. File.ReadAllLines(Path.Combine(TestPostgres.Repository, "CHANGELOG.md"))
            .Where(line => line.StartsWith("## ", StringComparison.Ordinal))
            .Select(ChangelogLine.Parse),
    ];
}

/// <param name="Commit">What was released; null while nothing was.</param>
internal sealed partial record ChangelogLine(string Version, string? Commit)
{
    public static ChangelogLine Parse(string line) =>
        Form().Match(line) is { Success: true } match
            ? new ChangelogLine(
                match.Groups["version"].Value,
                match.Groups["commit"] is { Success: true, Value: var commit } ? commit : null
            )
            : throw new FormatException($"CHANGELOG.md: “{line}” names neither a date with a commit nor “not released yet”.");

    [GeneratedRegex(
        @"^## (?<version>\d+\.\d+\.\d+) \((not released yet|\d{4}-\d\d-\d\d, commit (?<commit>[0-9a-f]{40}))\)$",
        RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking
    )]
    private static partial Regex Form();
}
