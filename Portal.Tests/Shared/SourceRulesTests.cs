using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;

namespace Portal.Tests.Shared;

/// <summary>What the source never does, or does in one place only, so that one look there is enough. Whoever needs another place says here why it is safe.</summary>
public sealed partial class SourceRulesTests
{
    /// <summary>Authenticator apps know no other hash than SHA-1.</summary>
    [Fact]
    public void Cryptography_is_the_platform_s_and_none_that_is_broken()
    {
        Assert.Equal(["Portal/Accounts/Totp.cs"], Code().Where(file => file.Text.Contains("HMACSHA1", StringComparison.Ordinal)).Select(file => file.Name));

        // Amazon's protocol wants MD5 as the sum of what changes a bucket, against broken lines.
        Assert.Equal(["Portal/Storage/BucketDocuments.cs"], Code().Where(file => BrokenOrGuessable().IsMatch(file.Text)).Select(file => file.Name));
    }

    [Fact]
    public void Programs_are_run_in_one_place_by_a_list_of_arguments() => Assert.Equal(
        ["Portal.Worker/Engines/Libvirt/Command.cs"], Code().Where(file => file.Text.Contains("ProcessStartInfo", StringComparison.Ordinal) || file.Text.Contains("Process.Start", StringComparison.Ordinal)).Select(file => file.Name));

    /// <summary>It reads what guests wrote, so never as the worker, which is root: the workbench sees to that.</summary>
    [Fact]
    public void The_tool_for_disk_images_is_named_in_one_place() =>
        Assert.Equal(["Portal.Worker/Engines/Libvirt/QemuImg.cs"], Code().Where(file => file.Text.Contains("\"qemu-img\"", StringComparison.Ordinal)).Select(file => file.Name));

    /// <summary>One bad thing of many must not end a pass for all; so who looks after many, one after the other, does it in a <c>Round</c>. Those two change some rows of one round's in one transaction.</summary>
    [Fact]
    public void Sweeps_and_patrols_wait_for_many_things_only_in_a_round() => Assert.Equal(
        ["Portal.Worker/Compute/SuspensionSweep.cs", "Portal.Worker/Storage/BucketSizes.cs"],
        Code().Where(file => file.Name.StartsWith("Portal.Worker/", StringComparison.Ordinal) && LooksAfterMany().IsMatch(file.Text) && WaitsInALoop(file.Text)).Select(file => file.Name).Order(StringComparer.Ordinal));

    private static bool WaitsInALoop(string text)
    {
        var lines = text.Split('\n');
        return lines.Index().Where(line => line.Item.TrimStart().StartsWith("foreach (", StringComparison.Ordinal)).Any(loop =>
        {
            var indent = loop.Item.TakeWhile(char.IsWhiteSpace).Count();
            return lines.Skip(loop.Index + 1).TakeWhile(line => line.TrimEnd() != new string(' ', indent) + "}").Any(line => line.Contains("await ", StringComparison.Ordinal));
        });
    }

    /// <summary>Those two are whole statements of ours: rights and triggers, with the roles' names from the configuration, quoted.</summary>
    [Fact]
    public void No_statement_is_put_together_of_texts() => Assert.Equal(
        ["Portal.Model/Shared/DatabaseRights.cs", "Portal.Model/Shared/Migrator.cs"], Code().Where(file => RawStatement().IsMatch(file.Text)).Select(file => file.Name).Order(StringComparer.Ordinal));

    /// <summary>What is remembered there are names of files, uploads that were cut off, and when a page loaded itself anew.</summary>
    [Fact]
    public void Scripts_run_no_text_and_remember_nothing_secret()
    {
        Assert.Empty(Scripts().Where(file => RunsText().IsMatch(file.Text)).Select(file => file.Name));
        Assert.Equal(
            ["drafts.js", "presses.js", "ssh-key.js", "uploads/ask.js", "uploads/policy.js"],
            Scripts().Where(file => Remembers().IsMatch(file.Text)).Select(file => file.Name["wwwroot/".Length..]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_field_for_a_password_hides_it_and_lets_a_password_manager_fill_it()
    {
        var fields = Files("Portal", "*.razor").SelectMany(file => PasswordField().Matches(file.Text).Select(field => (file.Name, Field: field.Value))).ToList();
        Assert.InRange(fields.Count, 8, int.MaxValue);
        Assert.DoesNotContain(fields, field => !field.Field.Contains("ype=\"password\"", StringComparison.Ordinal) || !field.Field.Contains("-password\"", StringComparison.Ordinal)
            || field.Field.Contains("paste", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>So a form sets what its page asks for, and nothing else of a row.</summary>
    [Fact]
    public void Forms_are_read_into_texts_and_ticks_and_never_into_an_entity() => Assert.All(
        typeof(WebHost).Assembly.GetTypes().SelectMany(type => type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(property => property.IsDefined(typeof(SupplyParameterFromFormAttribute), inherit: true)),
        property => Assert.True(property.PropertyType == typeof(string) || property.PropertyType == typeof(bool), $"{property.DeclaringType!.Name}.{property.Name} is {property.PropertyType}."));

    [Theory]
    [InlineData("Portal")]
    [InlineData("Portal.Worker")]
    public void Logs_in_Production_are_lines_of_JSON_in_UTC(string program)
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestPostgres.Repository, program, "appsettings.json")));
        var console = settings.RootElement.GetProperty("Logging").GetProperty("Console");
        Assert.Equal("json", console.GetProperty("FormatterName").GetString());
        Assert.True(console.GetProperty("FormatterOptions").GetProperty("UseUtcTimestamp").GetBoolean());
        Assert.Equal("O", console.GetProperty("FormatterOptions").GetProperty("TimestampFormat").GetString());
    }

    /// <summary>Whoever operates Portal copies it.</summary>
    [Fact]
    public void The_proxy_in_the_example_speaks_new_TLS_and_passes_on_nothing_that_a_visitor_claims()
    {
        var lines = File.ReadLines(Path.Combine(TestPostgres.Repository, "docs", "examples", "nginx.conf")).Select(line => line.Trim()).ToList();
        Assert.Contains("ssl_protocols TLSv1.2 TLSv1.3;", lines);
        var ciphers = Assert.Single(lines, line => line.StartsWith("ssl_ciphers ", StringComparison.Ordinal))["ssl_ciphers ".Length..].TrimEnd(';').Split(':');
        Assert.All(ciphers, cipher => Assert.Matches("^ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$", cipher));
        Assert.Contains("proxy_set_header X-Forwarded-For $remote_addr;", lines);
        Assert.Contains("proxy_set_header X-Forwarded-Proto $scheme;", lines);

        // By http people are led on, and programs are not.
        Assert.Equal("return 403;", lines[lines.IndexOf("location /webhooks/ {") + 1]);
        Assert.Single(lines, line => line.StartsWith("return 301", StringComparison.Ordinal));
    }

    [Fact]
    public void An_image_is_built_without_the_history_of_the_source()
    {
        Assert.Contains(".git", File.ReadLines(Path.Combine(TestPostgres.Repository, ".dockerignore")));
        var stages = File.ReadAllText(Path.Combine(TestPostgres.Repository, "Dockerfile")).Split("\nFROM ")[1..];
        Assert.Equal(3, stages.Length);
        Assert.All(stages.Where(stage => !stage.Contains(" AS build", StringComparison.Ordinal)), stage => Assert.All(stage.Split('\n').Where(line => line.StartsWith("COPY", StringComparison.Ordinal)), line => Assert.StartsWith("COPY --from=build /out/", line, StringComparison.Ordinal)));
    }

    private static IEnumerable<(string Name, string Text)> Code() => new[] { "Portal", "Portal.Model", "Portal.Worker" }.SelectMany(project => Files(project, "*.cs").Concat(Files(project, "*.razor")));

    private static IEnumerable<(string Name, string Text)> Scripts() => Files("wwwroot", "*.js").Where(file => !file.Name.StartsWith("wwwroot/lib/", StringComparison.Ordinal));

    private static IEnumerable<(string Name, string Text)> Files(string folder, string pattern) => Directory
        .EnumerateFiles(Path.Combine(TestPostgres.Repository, folder), pattern, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Select(file => (Name: Path.GetRelativePath(TestPostgres.Repository, file), File: file))
        .Where(file => !file.Name.Split('/').Any(part => part is "obj" or "bin" or "node_modules"))
        .Select(file => (file.Name, File.ReadAllText(file.File)));

    [GeneratedRegex(@"\b(MD5|SHA1|DES|TripleDES|RC2|Rijndael\w*|RSAEncryptionPadding|CipherMode)\.|\bAes\.Create|\bnew Random\(|\bRandom\.Shared\b", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex BrokenOrGuessable();

    [GeneratedRegex(@": (Resource)?Sweep\(|class \w+(Patrol|Pass|Check|Detachment|Sizes)\(", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex LooksAfterMany();

    [GeneratedRegex(@"\b(FromSqlRaw|ExecuteSqlRaw|SqlQueryRaw)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex RawStatement();

    [GeneratedRegex(@"\beval\(|\bnew Function\b|document\.write|insertAdjacentHTML|outerHTML\s*=|window\.postMessage|document\.cookie|set(Timeout|Interval)\(['""`]", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex RunsText();

    [GeneratedRegex(@"(local|session)Storage\.setItem|indexedDB", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Remembers();

    [GeneratedRegex("<(Field|input)[^>]* [Nn]ame=\"(Password|password|Current|Wanted|AddressPassword)\"[^>]*>", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex PasswordField();
}
