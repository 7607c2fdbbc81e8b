using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class SecurityEventsTests(TestPostgres postgres) : ServedTests(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_customer_reads_in_words_what_happened_at_the_door()
    {
        var person = await Server.AddPersonAsync();
        using var stranger = Server.NewClient();
        for (var time = 0; time < 6; time++)
        {
            using var wrong = await stranger.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", $"guess {time}"));
        }

        using var asked = await stranger.SubmitAsync("/forgot-password", ("Email", person.Email));
        await using (var db = CreateDbContext())
        {
            await db.Throttles.ExecuteDeleteAsync(Ct);
        }

        using var client = await Server.NewClientAsync(person);
        using var denied = await client.GetAsync("/operator");
        Assert.Equal(HttpStatusCode.NotFound, denied.StatusCode);
        using var wrongProof = await client.SubmitAsync(
            "/settings",
            "Change password",
            ("Current", "not it at all"),
            ("Wanted", "another good password")
        );
        using var left = await client.SubmitAsync("/settings", "Sign out");
        using var again = await Server.NewClientAsync(person);
        var page = await again.PageAsync("/audit");
        var rows = page.QuerySelectorAll("tbody tr")
            .Select(row => $"{row.Children[1].TextContent} by {row.Children[3].TextContent}")
            .ToList();
        Assert.Equal(
            [
                $"Signed in by {person.Email}",
                $"Signed out by {person.Email}",
                $"Wrong password in the settings by {person.Email}",
                $"Refused a page for operators by {person.Email}",
                $"Signed in by {person.Email}",
                "Asked for a new password by mail by somebody",
                "Sign-in refused after too many attempts by somebody",
                "Wrong password at the sign-in by somebody",
            ],
            rows
        );
    }

    [Fact]
    public async Task A_sign_in_tells_by_which_factor_it_was()
    {
        var person = await Server.AddPersonAsync();
        var key = await SecondFactor.TurnOnAsync(Server, person);
        using var client = Server.NewClient();
        using var begun = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        using var entered = await client.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key, 1)));
        using var renewed = await client.SubmitAsync(
            "/settings",
            "New recovery codes",
            ("Password", PortalServer.Password),
            ("Verb", "codes")
        );
        var code = (await FormClient.ReadAsync(renewed)).QuerySelector(".codes li")!.TextContent;
        using var other = Server.NewClient();
        using var begunAgain = await other.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        using var recovered = await other.SubmitAsync("/sign-in/second-factor", ("Code", code));
        await using var db = CreateDbContext();
        var told = await db
            .AuditEntries.Where(row => row.Action == "SignIn")
            .OrderBy(row => row.Id)
            .Select(row => row.After!)
            .ToListAsync(Ct);
        Assert.Equal(
            ["password", "password and code", "password and recovery code"],
            told.Select(after => JsonDocument.Parse(after).RootElement.GetProperty("With").GetString())
        );
    }

    [Fact]
    public async Task Wrong_codes_are_noted_wherever_they_are_entered_and_so_is_a_link_for_a_new_password_that_is_none()
    {
        var (keeper, customer) = (await Server.AddPersonAsync(isOperator: true), await Server.AddPersonAsync());
        using var stranger = Server.NewClient();
        using var asked = await stranger.SubmitAsync("/forgot-password", ("Email", keeper.Email));
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(mail => mail.To == keeper.Email, Ct);
        var link = new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery;
        for (var time = 0; time < 6; time++)
        {
            using var refused = await stranger.SubmitAsync(link, ("Password", "another good password"), ("Factor", "000000"));
        }

        using var useless = await stranger.SubmitAsync(
            $"/reset-password?user={keeper.UserId}&code=bm90IG9uZQ",
            ("Password", "another good password")
        );
        Assert.Equal(["AskPasswordReset", "FailedCode", "FailedReset", "ThrottledCode"], await ActionsAsync(keeper));

        using var client = await Server.NewClientAsync(customer);
        var page = await client.PageAsync("/settings/second-factor");
        var form = page.Forms.First(form => form.QuerySelector("[name=Code]") is not null);
        for (var time = 0; time < 6; time++)
        {
            using var wrong = await client.SendAsync(
                "/settings/second-factor",
                form,
                ("Code", "000000"),
                ("Password", PortalServer.Password)
            );
        }

        Assert.Equal(["FailedCode", "SignIn", "ThrottledCode"], await ActionsAsync(customer));

        Task<List<string>> ActionsAsync(Person person) =>
            db.AuditEntries.Where(row => row.AccountId == person.AccountId).Select(row => row.Action).Distinct().Order().ToListAsync(Ct);
    }

    [Fact]
    public async Task What_another_site_asks_for_and_what_no_page_sends_is_in_the_log_once_a_minute()
    {
        using var lines = new Lines();
        await using var server = await PortalServer.StartAsync(ConnectionString, builder => builder.Logging.AddProvider(lines));
        using var client = server.NewClient();
        for (var time = 0; time < 3; time++)
        {
            using var foreign = new HttpRequestMessage(HttpMethod.Post, "/sign-in") { Content = new FormUrlEncodedContent([]) };
            foreign.Headers.Add("Origin", "https://evil.example");
            using var refused = await client.Http.SendAsync(foreign, Ct);
            using var odd = await client.GetAsync("/sign-in?returnUrl=%00");
            Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.BadRequest), (refused.StatusCode, odd.StatusCode));
        }

        Assert.Equal([1371, 1372], lines.Events.Where(line => line is 1371 or 1372).Order());
    }

    [Fact]
    public async Task Nobody_fills_the_audit_from_outside()
    {
        var person = await Server.AddPersonAsync();
        var events = Server.Services.GetRequiredService<SecurityEvents>();
        for (var time = 0; time < 250; time++)
        {
            await events.NoteAsync(Actor.Stranger(person.AccountId, IPAddress.Loopback), SecurityEvent.FailedSignIn, Ct);
        }

        await using var db = CreateDbContext();
        var rows = await db
            .AuditEntries.Where(row => row.Action == "FailedSignIn")
            .OrderBy(row => row.Id)
            .Select(row => row.After)
            .ToListAsync(Ct);
        Assert.Equal(3, rows.Count);
        Assert.Contains("\"Times\": 100", rows[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Each_kind_has_words() =>
        Assert.All(Enum.GetNames<SecurityEvent>(), name => Assert.True(Portal.Shared.AuditWords.Has(name), name));

    /// <summary>The numbers of the security events that the web logs.</summary>
    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<int> Events { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Events.Enqueue(eventId.Id);

        public void Dispose() { }
    }
}
