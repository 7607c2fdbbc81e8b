using Microsoft.EntityFrameworkCore;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// People sign up while the mail server is away, and while the line to it breaks at the end of a mail: before that arrives, or after, with
/// the answer lost.
/// </summary>
[Trait("Needs", "database")]
public sealed class MailAwayTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly Line line = new();
    private SandboxServer sandbox = null!;
    private PortalServer web = null!;
    private WorkerServer worker = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        sandbox = await SandboxServer.StartAsync();
        line.LeadTo(sandbox.SmtpPort);
        web = await PortalServer.StartAsync(ConnectionString);
        worker = await WorkerServer.StartAsync(
            ConnectionString,
            new InMemoryEngine(),
            ("Smtp:Host", "127.0.0.1"),
            ("Smtp:Port", $"{line.Port}")
        );
    }

    public override async ValueTask DisposeAsync()
    {
        await worker.DisposeAsync();
        await web.DisposeAsync();
        await line.DisposeAsync();
        await sandbox.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Everybody_is_signed_up_gets_the_mail_when_it_is_back_and_one_link_only()
    {
        line.Cut();
        using var ada = await SignUpAsync("ada@example.com");
        await TriedAsync("ada@example.com");
        Assert.Contains(
            "Not confirmed: nothing can be created yet.",
            (await ada.PageAsync("/settings")).Body!.TextContent,
            StringComparison.Ordinal
        );
        line.Mend();

        foreach (var arrives in (bool[])[true, false])
        {
            var email = $"bob-{arrives}@example.com";
            var broken = line.BreakOnceAsync(
                said =>
                    said.Contains($"RCPT TO:<{email}>", StringComparison.OrdinalIgnoreCase)
                    && said.EndsWith("\r\n.\r\n", StringComparison.Ordinal),
                arrives
            );
            (await SignUpAsync(email)).Dispose();
            await broken.WaitAsync(Patience, Ct);
            await TriedAsync(email);
        }

        await Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                var now = TimeProvider.System.GetUtcNow();
                await db.Mails.Where(mail => mail.DueAt > now).ExecuteUpdateAsync(set => set.SetProperty(mail => mail.DueAt, now), Ct);
                return !await db.Mails.AnyAsync(mail => mail.SentAt == null, Ct);
            },
            Patience
        );
        await new ThreeTruths(this).AgreeAsync(web);

        // The mail whose answer was lost came twice, and is one to a mail program; each has one link, and that confirms.
        Assert.Equal(
            [1, 1, 2],
            ((string[])["ada@example.com", "bob-False@example.com", "bob-True@example.com"]).Select(email =>
                sandbox.Inbox.List(email).Count
            )
        );
        foreach (var email in (string[])["ada@example.com", "bob-False@example.com", "bob-True@example.com"])
        {
            var link = Assert.Single(
                sandbox
                    .Inbox.List(email)
                    .Select(mail => mail.Links.First(link => link.Contains("confirm-email", StringComparison.Ordinal)))
                    .Distinct(StringComparer.Ordinal)
            );
            using var client = await web.NewClientAsync(new Person(Guid.Empty, "", email));
            using var confirmed = await client.SubmitAsync(new Uri(link).PathAndQuery, "Confirm address");
            await using var db = CreateDbContext();
            Assert.True(
                await db.Users.AnyAsync(user => user.Email == email && user.EmailConfirmed, Ct),
                $"The link of {email} did not confirm it: {confirmed.StatusCode}."
            );
        }
    }

    private async Task<FormClient> SignUpAsync(string email)
    {
        var client = web.NewClient();
        using var answer = await client.SubmitAsync("/sign-up", ("Email", email), ("Password", PortalServer.Password));
        Assert.Equal(System.Net.HttpStatusCode.Found, answer.StatusCode);
        return client;
    }

    /// <summary>It was tried, is not sent, and waits for a later time.</summary>
    private Task TriedAsync(string email) =>
        Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                var now = TimeProvider.System.GetUtcNow();
                return await db.Mails.AnyAsync(mail => mail.To == email && mail.SentAt == null && mail.DueAt > now, Ct);
            },
            Patience
        );
}
