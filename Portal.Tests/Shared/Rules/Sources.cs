using System.Text.RegularExpressions;

namespace Portal.Tests.Shared;

/// <summary>The files of the source, by which rules are checked.</summary>
internal static partial class Sources
{
    /// <summary>What the formatter breaks after a bracket or before a dot is one line here, so that a rule need not think of it.</summary>
    internal static IEnumerable<(string Name, string Text)> Code() =>
        new[] { "Portal", "Portal.Model", "Portal.Worker" }
            .SelectMany(project => Files(project, "*.cs", "*.razor"))
            .Select(file => (file.Name, Broken().Replace(file.Text, match => match.Value.Trim())));

    /// <summary>What was written here, and neither built nor fetched, by its path in the repository.</summary>
    internal static IEnumerable<(string Name, string Text)> Files(string folder, params string[] patterns) =>
        patterns
            .SelectMany(pattern =>
                Directory.EnumerateFiles(
                    Path.Combine(TestPostgres.Repository, folder),
                    pattern,
                    new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }
                )
            )
            .Select(file => (Name: Path.GetRelativePath(TestPostgres.Repository, file), File: file))
            .Where(file => !file.Name.Split('/').Any(part => part is "obj" or "bin" or "node_modules" or "lib"))
            .Select(file => (file.Name, File.ReadAllText(file.File)));

    [GeneratedRegex(@"\(\s*\n\s*|\n\s*\.(?=\w)", RegexOptions.None, 1000)]
    private static partial Regex Broken();
}
