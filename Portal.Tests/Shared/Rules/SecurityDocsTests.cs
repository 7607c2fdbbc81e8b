using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Portal.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Shared;

/// <summary>
/// docs/asvs.md and docs/security.md say which test holds what: so each test that they name is there, and no number of the standard is
/// missing.
/// </summary>
public sealed partial class SecurityDocsTests
{
    /// <summary>The requirements of ASVS 5.0.0 at levels 1 and 2: of each section, which are numbered from 1, their levels.</summary>
    private const string Standard = """
        1.1:22 1.2:111112222 1.3:11222222222 1.4:222 1.5:12 2.1:122 2.2:112 2.3:1222 2.4:2 3.2:11 3.3:1222 3.4:112222 3.5:11122 3.7:22 4.1:122 4.2:2 4.3:22 4.4:1222
        5.1:2 5.2:112 5.3:11 5.4:222 6.1:122 6.2:111111112222 6.3:1122 6.4:1122 6.5:22222 6.6:222 6.8:2222 7.1:222 7.2:1111 7.3:22 7.4:11222 7.5:22 7.6:22
        8.1:12 8.2:112 8.3:1 8.4:2 9.1:111 9.2:1222 10.1:22 10.2:22 10.3:2222 10.4:11111222222 10.5:22222 10.6:22 10.7:222 11.1:22 11.2:222 11.3:112 11.4:1222 11.5:2 11.6:2
        12.1:122 12.2:11 12.3:2222 13.1:2 13.2:22222 13.3:22 13.4:12222 14.1:22 14.2:1222 14.3:122 15.1:122 15.2:122 15.3:1222222 16.1:2 16.2:22222 16.3:2222 16.4:222 16.5:222
        17.1:2 17.2:2222 17.3:22
        """;

    private static readonly string Docs = Path.Combine(TestPostgres.Repository, "docs");

    private static readonly string[] Files = ["asvs.md", "security.md", "security-inventory.md"];

    private static readonly ILookup<string, Type> Classes = typeof(SecurityDocsTests)
        .Assembly.GetTypes()
        .ToLookup(type => type.Name, StringComparer.Ordinal);

    [Fact]
    public void Each_requirement_has_its_row_and_none_has_two() =>
        Assert.Equal(
            Standard
                .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                .Select(section => section.Split(':'))
                .SelectMany(section => section[1].Select((level, index) => $"{section[0]}.{index + 1} {level}")),
            Rows().Select(row => $"{row.Id} {row.Level}")
        );

    [Fact]
    public void Each_row_says_what_and_why_and_one_that_is_met_names_its_test() =>
        Assert.Empty(
            Rows()
                .Where(row =>
                    row.Wants.Length == 0
                    || row.Why.Length == 0
                    || row.State is not ("met" or "not applicable" or "not met")
                    || (row.State is "met" && !Named(row.Why).Any())
                )
                .Select(row => row.Id)
        );

    [Fact]
    public void The_counts_at_the_top_are_those_of_the_rows()
    {
        var rows = Rows().ToLookup(row => row.State, StringComparer.Ordinal);
        foreach (var state in (string[])["met", "not applicable", "not met"])
        {
            var levels = rows[state].CountBy(row => row.Level, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
            Assert.Contains(
                $"| {state} | {levels["1"]} | {levels["2"]} | {levels["1"] + levels["2"]} |",
                File.ReadAllText(Path.Combine(Docs, Files[0])),
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public void Each_test_that_is_named_is_there()
    {
        var named = Files.SelectMany(file => Named(File.ReadAllText(Path.Combine(Docs, file)))).Distinct(StringComparer.Ordinal).ToList();
        Assert.InRange(named.Count, 100, int.MaxValue);
        Assert.DoesNotContain(named, name => !IsTest(name.Split('.')));
    }

    /// <summary>To files of the repository, and to headings in them.</summary>
    [Fact]
    public void Each_link_leads_somewhere() =>
        Assert.Empty(
            Files.SelectMany(file =>
                Link()
                    .Matches(File.ReadAllText(Path.Combine(Docs, file)))
                    .Select(link => (Path: link.Groups["path"].Value, Heading: link.Groups["heading"].Value))
                    .Where(link =>
                        !link.Path.StartsWith("https://", StringComparison.Ordinal)
                        && !IsThere(link.Path.Length > 0 ? link.Path : file, link.Heading)
                    )
                    .Select(link => $"{file}: {link.Path}#{link.Heading}")
            )
        );

    /// <summary>What security-inventory.md says of what may be typed: its numbers are the code's.</summary>
    [Fact]
    public void The_rules_of_what_may_be_typed_have_the_numbers_of_the_code()
    {
        Dictionary<string, int[]> told = new(StringComparer.Ordinal)
        {
            ["e-mail address"] = [EmailAddress.MaxLength],
            ["password"] = [Passwords.MinLength, Passwords.MaxLength],
            ["name"] = [ResourceName.MaxLength],
            ["tags"] = [Tags.MaxCount, Tags.MaxKey, Tags.MaxValue],
            ["notes, descriptions"] = [Instance.MaxNotes, PrivateImage.MaxDescription],
            ["number of instances"] = [CreateInstance.MaxCount],
            ["user data"] = [UserData.MaxBytes],
            ["SSH key"] = [SshPublicKey.MinRsaBits, SshPublicKey.MaxRsaBits, KeyPairs.Most],
            ["volume"] = [Volume.MinGiB, Volume.MaxGiB],
            ["backups"] = [BackupSchedule.MaxKeep],
            ["network, subnet"] = [AddressRanges.Largest, AddressRanges.Smallest, EditSubnets.MaxCount],
            ["rule of a group"] = [SecurityGroupRule.LastPort],
            ["alert"] = [AlertRule.MaxMinutes, AlertRules.MaxPerResource],
            ["bucket's name"] = [BucketName.MinLength, BucketName.MaxLength],
            ["object's name"] = [ObjectKey.MaxBytes],
            ["bucket's policy"] = [BucketPolicy.MaxBytes],
        };
        var rules = File.ReadLines(Path.Combine(Docs, Files[2]))
            .SkipWhile(line => line is not "## What may be typed")
            .Skip(1)
            .TakeWhile(line => !line.StartsWith('#'))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length == 4)
            .ToList();
        Assert.All(
            told,
            rule =>
                Assert.All(
                    rule.Value,
                    number =>
                        Assert.Matches(
                            $@"(?<!\d){number.ToString("N0", CultureInfo.InvariantCulture)}(?!\d)",
                            Assert.Single(rules, cells => cells[0] == rule.Key)[1]
                        )
                )
        );
        Assert.All(rules.Skip(2), cells => Assert.NotEmpty(Named(cells[3])));
    }

    private static IEnumerable<Row> Rows() =>
        File.ReadLines(Path.Combine(Docs, Files[0]))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells is [[>= '0' and <= '9', ..], _, _, _, _])
            .Select(cells => new Row(cells[0], cells[1], cells[2], cells[3], cells[4]));

    private static IEnumerable<string> Named(string text) => TestName().Matches(text).Select(match => match.Groups["name"].Value);

    private static bool IsTest(string[] name) =>
        Classes[name[0]]
            .Any(type =>
                !type.IsAbstract
                && type.GetMethods(BindingFlags.Public | BindingFlags.Instance)
                    .Any(method => (name.Length == 1 || method.Name == name[1]) && method.IsDefined(typeof(FactAttribute), inherit: true))
            );

    private static bool IsThere(string path, string heading) =>
        Path.Combine(Docs, path) is var file
        && File.Exists(file)
        && (
            heading.Length == 0
            || File.ReadLines(file).Where(line => line.StartsWith('#')).Any(line => Slug(line.TrimStart('#').Trim()) == heading)
        );

    /// <summary>As GitHub makes it.</summary>
    private static string Slug(string heading) =>
        new([.. heading.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_').Select(c => c is ' ' ? '-' : c)]);

    [GeneratedRegex(
        "`(?<name>[A-Z][A-Za-z0-9]*Tests(\\.[A-Z][A-Za-z0-9_]*)?)`",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex TestName();

    [GeneratedRegex("\\]\\((?<path>[^)#]*)(#(?<heading>[^)]*))?\\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    private sealed record Row(string Id, string Level, string Wants, string State, string Why);
}
