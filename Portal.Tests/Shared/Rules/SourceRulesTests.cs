using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using static Portal.Tests.Shared.Sources;

namespace Portal.Tests.Shared;

/// <summary>
/// What the source never does, or does in one place only, so that one look there is enough. Whoever needs another place says here why it is
/// safe.
/// </summary>
public sealed partial class SourceRulesTests
{
    /// <summary>Authenticator apps know no other hash than SHA-1.</summary>
    [Fact]
    public void Cryptography_is_the_platform_s_and_none_that_is_broken()
    {
        Assert.Equal(
            ["Portal/Accounts/SignIn/Totp.cs"],
            Code().Where(file => file.Text.Contains("HMACSHA1", StringComparison.Ordinal)).Select(file => file.Name)
        );

        // Amazon's protocol wants MD5 as the sum of what changes a bucket, against broken lines.
        Assert.Equal(
            ["Portal/Buckets/Settings/BucketDocuments.cs"],
            Code().Where(file => BrokenOrGuessable().IsMatch(file.Text)).Select(file => file.Name)
        );
    }

    [Fact]
    public void Programs_are_run_in_one_place_by_a_list_of_arguments() =>
        Assert.Equal(
            ["Portal.Worker/Engines/Libvirt/Native/Command.cs"],
            Code()
                .Where(file =>
                    file.Text.Contains("ProcessStartInfo", StringComparison.Ordinal)
                    || file.Text.Contains("Process.Start", StringComparison.Ordinal)
                )
                .Select(file => file.Name)
        );

    /// <summary>It reads what guests wrote, so never as the worker, which is root: the workbench sees to that.</summary>
    [Fact]
    public void The_tool_for_disk_images_is_named_in_one_place() =>
        Assert.Equal(
            ["Portal.Worker/Engines/Libvirt/Disks/QemuImg.cs"],
            Code().Where(file => file.Text.Contains("\"qemu-img\"", StringComparison.Ordinal)).Select(file => file.Name)
        );

    /// <summary>
    /// One bad thing of many must not end a pass for all; so who looks after many, one after the other, does it in a <c>Round</c>. Those
    /// two change some rows of one round's in one transaction.
    /// </summary>
    [Fact]
    public void Sweeps_and_patrols_wait_for_many_things_only_in_a_round() =>
        Assert.Equal(
            ["Portal.Worker/Buckets/BucketSizes.cs", "Portal.Worker/Compute/SuspensionSweep.cs"],
            Code()
                .Where(file =>
                    file.Name.StartsWith("Portal.Worker/", StringComparison.Ordinal)
                    && LooksAfterMany().IsMatch(file.Text)
                    && WaitsInALoop(file.Text)
                )
                .Select(file => file.Name)
                .Order(StringComparer.Ordinal)
        );

    private static bool WaitsInALoop(string text)
    {
        var lines = text.Split('\n');
        return lines
            .Index()
            .Where(line => line.Item.TrimStart().StartsWith("foreach (", StringComparison.Ordinal))
            .Any(loop =>
            {
                var indent = loop.Item.TakeWhile(char.IsWhiteSpace).Count();
                return lines
                    .Skip(loop.Index + 1)
                    .SkipWhile(line => line.TrimEnd() != new string(' ', indent) + "{")
                    .TakeWhile(line => line.TrimEnd() != new string(' ', indent) + "}")
                    .Any(line => line.Contains("await ", StringComparison.Ordinal));
            });
    }

    /// <summary>
    /// Those two are whole statements of ours: rights and triggers, with the roles' names from the configuration, quoted.
    /// </summary>
    [Fact]
    public void No_statement_is_put_together_of_texts() =>
        Assert.Equal(
            ["Portal.Model/Shared/Database/DatabaseRights.cs", "Portal.Model/Shared/Database/Migrator.cs"],
            Code().Where(file => RawStatement().IsMatch(file.Text)).Select(file => file.Name).Order(StringComparer.Ordinal)
        );

    /// <summary>
    /// What answers could otherwise lead a request, with all that signs it, to wherever it likes. Who has to follow looks at each step
    /// (TypedAddresses); Amazon's client is in one place (what ConnectSnippets holds of it is text for customers).
    /// </summary>
    [Fact]
    public void No_client_follows_a_redirect_by_itself()
    {
        Assert.InRange(Code().Sum(file => Handlers().Count(file.Text)), 4, int.MaxValue);
        Assert.Empty(
            Code()
                .Where(file =>
                    Handlers().Matches(file.Text).Any(handler => !FollowsNothing().IsMatch(file.Text[(handler.Index + handler.Length)..]))
                )
                .Select(file => file.Name)
        );
        Assert.Empty(Code().Where(file => HandlerOfItsOwn().IsMatch(file.Text)).Select(file => file.Name));
        Assert.Equal(
            ["Portal.Model/Buckets/Store/S3Client.cs", "Portal/Buckets/Connect/ConnectSnippets.cs"],
            Code()
                .Where(file => file.Text.Contains("AmazonS3Config", StringComparison.Ordinal))
                .Select(file => file.Name)
                .Order(StringComparer.Ordinal)
        );
    }

    /// <summary>A customer reads the audit: whoever writes down something new says in AuditWords what it is called.</summary>
    [Fact]
    public void Every_verb_of_the_audit_has_words()
    {
        var code = Code()
            .Where(file =>
                file.Name.EndsWith(".cs", StringComparison.Ordinal) && !file.Name.EndsWith("/AuditWords.cs", StringComparison.Ordinal)
            )
            .ToList();
        var names = code.SelectMany(file => ComposedName().Matches(file.Text))
            .Select(match => match.Groups["name"].Value)
            .ToHashSet(StringComparer.Ordinal);
        var known = names.Where(Portal.Shared.AuditWords.Has).ToList();
        Assert.InRange(known.Count, 70, int.MaxValue);

        // What begins as a known verb does is one, however it reaches the audit; what does not is found where it is written down.
        var first = known.Select(FirstWord).ToHashSet(StringComparer.Ordinal);
        var verbs = names
            .Where(name =>
                first.Contains(FirstWord(name))
                && !name.EndsWith("Exception", StringComparison.Ordinal)
                && name is not ("RebootAsked" or "AccessKeys")
            )
            .Concat(code.SelectMany(file => AuditedVerb().Matches(file.Text)).Select(match => match.Groups["name"].Value))
            .Concat(Enum.GetNames<Portal.Model.Compute.InstanceAction>().Select(action => $"{action}Instances"));
        Assert.Empty(verbs.Where(verb => !Portal.Shared.AuditWords.Has(verb)).Distinct(StringComparer.Ordinal));
    }

    private static string FirstWord(string name) => ComposedName().Match($"\"{name}\"").Groups["first"].Value;

    [GeneratedRegex(
        """
            "(?<name>(?<first>[A-Z][a-z]+)([A-Z][a-z]+)+)"
            """,
        RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace,
        matchTimeoutMilliseconds: 5000
    )]
    private static partial Regex ComposedName();

    [GeneratedRegex(
        """\.Audit\([^,;]+,\s*([^",;]+\?\s*)?"(?<name>\w+)" """,
        RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace,
        matchTimeoutMilliseconds: 5000
    )]
    private static partial Regex AuditedVerb();

    [GeneratedRegex(
        @"\b(MD5|SHA1|DES|TripleDES|RC2|Rijndael\w*|RSAEncryptionPadding|CipherMode)\.|\bAes\.Create|\bnew Random\(|\bRandom\.Shared\b",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex BrokenOrGuessable();

    [GeneratedRegex(@"^\s*\{\s*AllowAutoRedirect = false", RegexOptions.NonBacktracking)]
    private static partial Regex FollowsNothing();

    [GeneratedRegex(@"new SocketsHttpHandler\b", RegexOptions.NonBacktracking)]
    private static partial Regex Handlers();

    [GeneratedRegex(
        @"\bHttpClientHandler\b|AddHttpClient\(|new HttpClient(\(\)|\s*\{)|HttpClient \w+ =\s+new\(\)",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex HandlerOfItsOwn();

    [GeneratedRegex(
        @":\s+(Resource)?Sweep\(|class \w+(Patrol|Pass|Check|Detachment|Sizes)\(",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex LooksAfterMany();

    [GeneratedRegex(@"\b(FromSqlRaw|ExecuteSqlRaw|SqlQueryRaw)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex RawStatement();
}
