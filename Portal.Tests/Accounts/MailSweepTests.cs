using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Sandbox;
using Portal.Sandbox.Mail;
using Portal.Tests.Shared;
using Portal.Worker.Accounts;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class MailSweepTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private readonly FakeTimeProvider clock = new(Tenant.Epoch);
    private readonly int port = TestPostgres.FreePort();
    private readonly Inbox inbox = new(Options.Create(new SandboxSettings()), TimeProvider.System);

    [Fact]
    public async Task A_mail_is_sent_once_as_text_and_html_and_its_link_forgotten()
    {
        var mail = await WriteAsync();
        using var server = await ServeAsync();
        using var sweep = NewSweep();
        await sweep.SweepAsync(default);
        await sweep.SweepAsync(default);

        Assert.Contains("https://example.com/secret", Assert.Single(inbox.List(null)).Text, StringComparison.Ordinal);
        await using var db = CreateDbContext();
        var sent = await db.Mails.SingleAsync(found => found.Id == mail.Id);
        Assert.Equal((clock.GetUtcNow(), null, "", ""), (sent.SentAt, sent.DueAt, sent.Text, sent.Html));
    }

    /// <summary>The test's server says that it knows addresses in Unicode, and gets one; any other gets what is kept.</summary>
    [Fact]
    public async Task A_mail_to_an_international_domain_is_addressed_to_it_in_the_form_that_the_server_knows()
    {
        await WriteAsync("jo@xn--bcher-kva.example");
        using var server = await ServeAsync();
        using var sweep = NewSweep();
        await sweep.SweepAsync(default);
        Assert.Equal("jo@xn--bcher-kva.example", MailboxNames.Kept(Assert.Single(Assert.Single(inbox.List(null)).To)));
        Assert.Equal("jo@xn--bcher-kva.example", new MimeKit.MailboxAddress("", "jo@xn--bcher-kva.example").GetAddress(idnEncode: true));
    }

    [Fact]
    public async Task A_dead_mail_server_delays_and_loses_nothing()
    {
        await WriteAsync();
        await WriteAsync();
        using var sweep = NewSweep();
        for (var round = 0; round < 5; round++)
        {
            await sweep.SweepAsync(default);
            clock.Advance(TimeSpan.FromMinutes(20));
        }

        using var server = await ServeAsync();
        await sweep.SweepAsync(default);
        Assert.Equal(2, inbox.List(null).Count);
    }

    [Fact]
    public async Task Two_workers_at_once_send_each_mail_once()
    {
        for (var mail = 0; mail < 10; mail++)
        {
            await WriteAsync();
        }

        using var server = await ServeAsync();
        using var one = NewSweep();
        using var other = NewSweep();
        await Task.WhenAll(one.SweepAsync(default), other.SweepAsync(default));
        await one.SweepAsync(default);
        Assert.Equal(10, inbox.List(null).Count);
    }

    private async Task<Mail> WriteAsync(string to = "ada@example.com")
    {
        await using var db = CreateDbContext();
        var tenant = await Tenant.AddAsync(db);
        var mail = new Mail
        {
            Id = Guid.NewGuid(),
            AccountId = tenant.Account.Id,
            To = to,
            Subject = "Confirm",
            Text = "https://example.com/secret",
            Html = "<p>https://example.com/secret</p>",
            CreatedAt = clock.GetUtcNow(),
            DueAt = clock.GetUtcNow(),
        };
        db.Add(mail);
        await db.SaveChangesAsync();
        return mail;
    }

    private async Task<SmtpServer> ServeAsync()
    {
        var server = new SmtpServer(Options.Create(new SandboxSettings { SmtpPort = port }), inbox, NullLogger<SmtpServer>.Instance);
        await server.StartAsync(default);
        return server;
    }

    private MailSweep NewSweep() => new(
        this, new Changes(Source, NullLogger<Changes>.Instance), Options.Create(new SmtpSettings { Host = "127.0.0.1", Port = port }), clock, NullLogger<MailSweep>.Instance);
}
