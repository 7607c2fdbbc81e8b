using System.Text.Json;
using System.Xml.Linq;
using Microsoft.Extensions.DependencyInjection;

namespace Portal.Tests.Shared;

/// <summary>What Portal is built from: known, of one version, and without a hole that is known.</summary>
public sealed class BuildRulesTests
{
    /// <summary>SECURITY.md says how soon one is replaced: a build with it fails as soon as the hole is published.</summary>
    [Fact]
    public void A_build_with_a_component_of_which_a_hole_is_known_fails()
    {
        var props = XDocument
            .Load(Path.Combine(TestPostgres.Repository, "Directory.Build.props"))
            .Descendants()
            .ToLookup(element => element.Name.LocalName, element => element.Value, StringComparer.Ordinal);
        Assert.Equal(
            ["true", "all", "low", "true"],
            props["NuGetAudit"].Concat(props["NuGetAuditMode"]).Concat(props["NuGetAuditLevel"]).Concat(props["TreatWarningsAsErrors"])
        );
        var projects = Directory
            .EnumerateFiles(
                TestPostgres.Repository,
                "*.csproj",
                new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 }
            )
            .Concat(Directory.EnumerateFiles(TestPostgres.Repository, "Directory.*.props"))
            .ToList();
        Assert.InRange(projects.Count, 7, int.MaxValue);
        Assert.All(projects, file => Assert.DoesNotMatch("NU19|NuGetAuditSuppress|TreatWarningsAsErrors>false", File.ReadAllText(file)));
    }

    [Fact]
    public void Everything_that_is_fetched_to_build_is_of_one_version_and_held_to_its_hash()
    {
        var seen = 0;
        foreach (
            var file in Directory.EnumerateFiles(
                TestPostgres.Repository,
                "packages.lock.json",
                new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 }
            )
        )
        {
            using var locked = JsonDocument.Parse(File.ReadAllText(file));
            foreach (
                var package in locked
                    .RootElement.GetProperty("dependencies")
                    .EnumerateObject()
                    .SelectMany(target => target.Value.EnumerateObject())
                    .Where(package => package.Value.GetProperty("type").GetString() is not "Project")
            )
            {
                seen++;
                Assert.True(
                    package.Value.TryGetProperty("contentHash", out var hash) && Convert.FromBase64String(hash.GetString()!).Length == 64,
                    $"{package.Name} has no hash."
                );
            }
        }

        using var npm = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestPostgres.Repository, "package-lock.json")));
        foreach (var package in npm.RootElement.GetProperty("packages").EnumerateObject().Where(package => package.Name.Length > 0))
        {
            seen++;
            Assert.StartsWith("sha512-", package.Value.GetProperty("integrity").GetString(), StringComparison.Ordinal);
            Assert.False(
                package.Value.TryGetProperty("resolved", out var from)
                    && !from.GetString()!.StartsWith("https://registry.npmjs.org/", StringComparison.Ordinal),
                $"{package.Name} is fetched from {from}."
            );
        }

        Assert.InRange(seen, 200, int.MaxValue);
        Assert.All(
            XDocument.Load(Path.Combine(TestPostgres.Repository, "Directory.Packages.props")).Descendants("PackageVersion"),
            package => Assert.Matches("^[0-9][0-9A-Za-z.+-]*$", package.Attribute("Version")!.Value)
        );
    }

    [Fact]
    public void An_image_is_built_without_the_history_of_the_source()
    {
        Assert.Contains(".git", File.ReadLines(Path.Combine(TestPostgres.Repository, ".dockerignore")));
        var stages = File.ReadAllText(Path.Combine(TestPostgres.Repository, "Dockerfile")).Split("\nFROM ")[1..];
        Assert.Equal(3, stages.Length);
        Assert.All(
            stages.Where(stage => !stage.Contains(" AS build", StringComparison.Ordinal)),
            stage =>
                Assert.All(
                    stage.Split('\n').Where(line => line.StartsWith("COPY", StringComparison.Ordinal)),
                    line => Assert.StartsWith("COPY --from=build /out/", line, StringComparison.Ordinal)
                )
        );
    }
}
