using System.Text;
using System.Text.Json;
using System.Xml.Linq;

namespace Portal.Tests.Shared;

/// <summary>
/// THIRD-PARTY.md says whose work comes with Portal, and by which licence: what the lock files of its programs name. <c>bin/third-party</c>
/// writes it.
/// </summary>
public sealed class ThirdPartyTests
{
    private const string Head = """
        # Whose work comes with Portal

        What the programs are built from, as the lock files name it; what only tests use is not in it. Written by `bin/third-party`. The licences' texts come with the packages.

        | package | version | licence |
        | --- | --- | --- |

        """;

    private static readonly string[] Programs = ["Portal", "Portal.Model", "Portal.Sandbox", "Portal.Worker"];

    /// <summary>Of packages that come with a text instead of a name.</summary>
    private static readonly Dictionary<string, string> Texts = new(StringComparer.Ordinal)
    {
        ["Hangfire.AspNetCore"] = "LGPL-3.0-or-later",
        ["Hangfire.Core"] = "LGPL-3.0-or-later",
        ["Hangfire.NetCore"] = "LGPL-3.0-or-later",
        ["Hangfire.PostgreSql"] = "LGPL-3.0-only",
        ["SmtpServer"] = "MIT",
        ["Stripe.net"] = "Apache-2.0",
    };

    private static readonly string Packages =
        Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    [Fact]
    public void What_comes_with_Portal_is_what_the_lock_files_name()
    {
        var (file, made) = (Path.Combine(TestPostgres.Repository, "THIRD-PARTY.md"), Made());
        if (Environment.GetEnvironmentVariable("THIRD_PARTY") is "write")
        {
            File.WriteAllText(file, made);
        }

        Assert.Equal(made, File.ReadAllText(file));
    }

    private static string Made()
    {
        var rows = Programs
            .SelectMany(NuGet)
            .Concat(Npm())
            .Distinct()
            .OrderBy(row => row.Name, StringComparer.OrdinalIgnoreCase)
            .ThenBy(row => row.Version, StringComparer.Ordinal);
        return rows.Aggregate(
                new StringBuilder(Head),
                (text, row) =>
                    text.Append("| ").Append(row.Name).Append(" | ").Append(row.Version).Append(" | ").Append(row.Licence).Append(" |\n")
            )
            .ToString();
    }

    private static IEnumerable<Row> NuGet(string program)
    {
        using var locked = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestPostgres.Repository, program, "packages.lock.json")));
        return
        [
            .. locked
                .RootElement.GetProperty("dependencies")
                .EnumerateObject()
                .SelectMany(target => target.Value.EnumerateObject())
                .Where(package => package.Value.GetProperty("type").GetString() is not "Project")
                .Select(package => (package.Name, Version: package.Value.GetProperty("resolved").GetString()!))
                .Select(package => new Row(package.Name, package.Version, LicenceOf(package.Name, package.Version))),
        ];
    }

    private static string LicenceOf(string name, string version)
    {
        var id = name.ToLowerInvariant();
        var about = XDocument.Load(Path.Combine(Packages, id, version, $"{id}.nuspec"));
        var licence = about.Descendants().FirstOrDefault(element => element.Name.LocalName is "license");
        return licence?.Attribute("type")?.Value is "expression"
            ? licence.Value
            : Texts.GetValueOrDefault(name)
                ?? throw new InvalidOperationException(
                    $"{name} says its licence in a text of its own: read it, and add its name to {nameof(Texts)}."
                );
    }

    private static IEnumerable<Row> Npm()
    {
        using var locked = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestPostgres.Repository, "package-lock.json")));
        return
        [
            .. locked
                .RootElement.GetProperty("packages")
                .EnumerateObject()
                .Where(package => package.Name.Length > 0)
                .Select(package => new Row(
                    package.Name.Replace("node_modules/", "", StringComparison.Ordinal),
                    package.Value.GetProperty("version").GetString()!,
                    package.Value.GetProperty("license").GetString()!
                )),
        ];
    }

    private sealed record Row(string Name, string Version, string Licence);
}
