using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Model.Shared;
using Portal.Worker;

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

    /// <summary>What is remembered there are names of files, uploads that were cut off, and when a page loaded itself anew.</summary>
    [Fact]
    public void Scripts_run_no_text_and_remember_nothing_secret()
    {
        Assert.Empty(Scripts().Where(file => RunsText().IsMatch(file.Text)).Select(file => file.Name));
        Assert.Equal(
            ["drafts.js", "presses.js", "ssh-key.js", "uploads/ask.js", "uploads/policy.js"],
            Scripts()
                .Where(file => Remembers().IsMatch(file.Text))
                .Select(file => file.Name["wwwroot/".Length..])
                .Order(StringComparer.Ordinal)
        );
    }

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

    /// <summary>
    /// A name from outside as a member's would reach the prototype of all objects: what is looked up by a name is a Map, and what is copied
    /// is written out where it is copied.
    /// </summary>
    [Fact]
    public void Scripts_set_no_member_by_a_name_from_outside()
    {
        Assert.InRange(Scripts().Count(), 15, int.MaxValue);
        Assert.Empty(Scripts().SelectMany(file => SetsByName().Matches(file.Text).Select(found => $"{file.Name}: {found.Value}")));
        Assert.Matches(SetsByName(), "rows[name] = 1;");
        Assert.Matches(SetsByName(), "Object.assign(target, answer)");
        Assert.DoesNotMatch(SetsByName(), "const [first, second] = words; Object.assign(this, { first });");
    }

    /// <summary>
    /// Pages are rendered here. What scripts are answered is of types of its own, and no row of the database, of which somebody may see a
    /// part only.
    /// </summary>
    [Fact]
    public void Nothing_that_is_sent_as_data_is_a_row_of_the_database()
    {
        Assert.Equal(
            ["Portal/Buckets/Uploads/UploadEndpoints.cs"],
            Code().Where(file => SendsJson().IsMatch(file.Text)).Select(file => file.Name)
        );
        var rows = typeof(PortalDb)
            .GetProperties()
            .Where(property => property.PropertyType.IsGenericType)
            .Select(property => property.PropertyType.GenericTypeArguments[0])
            .ToHashSet();
        var sent = typeof(Portal.Buckets.Uploads)
            .GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Select(method => method.ReturnType)
            .Concat(
                typeof(WebHost)
                    .Assembly.GetTypes()
                    .SelectMany(type => type.GetProperties())
                    .Where(property => property.IsDefined(typeof(PersistentStateAttribute), inherit: true))
                    .Select(property => property.PropertyType)
            )
            .SelectMany(type => Within(type, 0))
            .ToHashSet();
        Assert.InRange(rows.Count, 40, int.MaxValue);
        Assert.Contains(typeof(Portal.Buckets.UploadPlan), sent);
        Assert.Empty(sent.Intersect(rows));

        static IEnumerable<Type> Within(Type type, int depth) =>
            depth > 4
                ? []
                :
                [
                    type,
                    .. type
                        .GenericTypeArguments.Concat(type.IsArray ? [type.GetElementType()!] : [])
                        .SelectMany(part => Within(part, depth + 1)),
                    .. type.Namespace?.StartsWith("Portal", StringComparison.Ordinal) is true
                        ? type.GetProperties().SelectMany(property => Within(property.PropertyType, depth + 1))
                        : [],
                ];
    }

    /// <summary>To standard output; and to a debugger and to who traces the process, while somebody does.</summary>
    [Theory]
    [InlineData("web")]
    [InlineData("worker")]
    public void Logs_go_to_the_output_and_to_nothing_else_that_the_inventory_does_not_name(string program)
    {
        string[] settings =
        [
            "ConnectionStrings:Portal=Host=localhost",
            "Portal:Url=https://portal.test",
            "Stripe:SecretKey=sk_live_1",
            "Stripe:WebhookSecret=whsec_1",
            "Engine:Folder=/nowhere",
        ];
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                EnvironmentName = "Production",
                ContentRootPath = Path.GetTempPath(),
                Args = [.. settings.Select(setting => $"--{setting}")],
            }
        );
        if (program is "web")
        {
            builder.AddPortal();
        }
        else
        {
            builder.AddWorker();
        }

        Assert.Equal(
            ["ConsoleLoggerProvider", "DebugLoggerProvider", "EventSourceLoggerProvider"],
            builder
                .Services.Where(service => service.ServiceType == typeof(ILoggerProvider))
                .Select(service => service.ImplementationType?.Name ?? service.ImplementationFactory?.Method.ReturnType.Name)
                .Order(StringComparer.Ordinal)
        );
        Assert.Empty(
            Code()
                .Where(file =>
                    file.Text.Contains("ILoggerProvider", StringComparison.Ordinal)
                    || file.Text.Contains("AddEventLog", StringComparison.Ordinal)
                )
                .Select(file => file.Name)
        );
    }

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
    public void Every_field_for_a_password_hides_it_and_lets_a_password_manager_fill_it()
    {
        var fields = Files("Portal", "*.razor")
            .SelectMany(file => PasswordField().Matches(file.Text).Select(field => (file.Name, Field: field.Value)))
            .ToList();
        Assert.InRange(fields.Count, 8, int.MaxValue);
        Assert.DoesNotContain(
            fields,
            field =>
                !field.Field.Contains("ype=\"password\"", StringComparison.Ordinal)
                || !field.Field.Contains("-password\"", StringComparison.Ordinal)
                || field.Field.Contains("paste", StringComparison.OrdinalIgnoreCase)
        );
    }

    /// <summary>So a form sets what its page asks for, and nothing else of a row.</summary>
    [Fact]
    public void Forms_are_read_into_texts_and_ticks_and_never_into_an_entity() =>
        Assert.All(
            typeof(WebHost)
                .Assembly.GetTypes()
                .SelectMany(type => type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
                .Where(property => property.IsDefined(typeof(SupplyParameterFromFormAttribute), inherit: true)),
            property =>
                Assert.True(
                    property.PropertyType == typeof(string) || property.PropertyType == typeof(bool),
                    $"{property.DeclaringType!.Name}.{property.Name} is {property.PropertyType}."
                )
        );

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
        var lines = File.ReadLines(Path.Combine(TestPostgres.Repository, "docs", "examples", "nginx.conf"))
            .Select(line => line.Trim())
            .ToList();
        Assert.Contains("ssl_protocols TLSv1.2 TLSv1.3;", lines);
        var ciphers = Assert
            .Single(lines, line => line.StartsWith("ssl_ciphers ", StringComparison.Ordinal))["ssl_ciphers ".Length..]
            .TrimEnd(';')
            .Split(':');
        Assert.All(ciphers, cipher => Assert.Matches("^ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$", cipher));
        Assert.Contains("proxy_set_header X-Forwarded-For $remote_addr;", lines);
        Assert.Contains("proxy_set_header X-Forwarded-Proto $scheme;", lines);

        // By http people are led on, and programs are not.
        Assert.Equal("return 403;", lines[lines.IndexOf("location /webhooks/ {") + 1]);
        Assert.Equal(
            "return 301 https://portal.example.com$request_uri;",
            Assert.Single(lines, line => line.StartsWith("return 301", StringComparison.Ordinal))
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

    /// <summary>What the formatter breaks after a bracket or before a dot is one line here, so that a rule need not think of it.</summary>
    internal static IEnumerable<(string Name, string Text)> Code() =>
        new[] { "Portal", "Portal.Model", "Portal.Worker" }
            .SelectMany(project => Files(project, "*.cs").Concat(Files(project, "*.razor")))
            .Select(file => (file.Name, Broken().Replace(file.Text, match => match.Value.Trim())));

    private static IEnumerable<(string Name, string Text)> Scripts() =>
        Files("wwwroot", "*.js").Where(file => !file.Name.StartsWith("wwwroot/lib/", StringComparison.Ordinal));

    private static IEnumerable<(string Name, string Text)> Files(string folder, string pattern) =>
        Directory
            .EnumerateFiles(
                Path.Combine(TestPostgres.Repository, folder),
                pattern,
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }
            )
            .Select(file => (Name: Path.GetRelativePath(TestPostgres.Repository, file), File: file))
            .Where(file => !file.Name.Split('/').Any(part => part is "obj" or "bin" or "node_modules"))
            .Select(file => (file.Name, File.ReadAllText(file.File)));

    [GeneratedRegex(
        @"\b(MD5|SHA1|DES|TripleDES|RC2|Rijndael\w*|RSAEncryptionPadding|CipherMode)\.|\bAes\.Create|\bnew Random\(|\bRandom\.Shared\b",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex BrokenOrGuessable();

    [GeneratedRegex(@"\(\s*\n\s*|\n\s*\.(?=\w)", RegexOptions.None, 1000)]
    private static partial Regex Broken();

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

    [GeneratedRegex(
        @"\beval\(|\bnew Function\b|document\.write|insertAdjacentHTML|outerHTML\s*=|window\.postMessage|document\.cookie|set(Timeout|Interval)\(['""`]",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex RunsText();

    [GeneratedRegex(@"(local|session)Storage\.setItem|indexedDB", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Remembers();

    [GeneratedRegex(
        @"[\w)\]]\[[^\]'""`]*[A-Za-z_$][^\]'""`]*\]\s*=[^=>]|Object\.assign\([^,()]+(\([^()]*\))?, ?[^{ ]|__proto__|\bprototype\[|setPrototypeOf|for \((const|let|var) \w+ in ",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex SetsByName();

    [GeneratedRegex(
        @"\bResults\.(Json|Ok)\([^)]|WriteAsJsonAsync|TypedResults\.(Json|Ok)\b",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex SendsJson();

    [GeneratedRegex(
        "<(Field|input)[^>]* [Nn]ame=\"(Password|password|Current|Wanted|AddressPassword)\"[^>]*>",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex PasswordField();
}
