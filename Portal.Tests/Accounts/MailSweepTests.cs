using System.Net;
using System.Net.Sockets;
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

    /// <summary>4xx is “not now” (RFC 5321), and said of one mailbox it is no news of the server.</summary>
    [Fact]
    public async Task A_mailbox_that_the_server_does_not_take_now_keeps_no_others_mail_back_and_gets_its_own_later()
    {
        var mails = new List<Guid>();
        foreach (var to in (string[])["full@example.com", "gone@example.com", "ada@example.com"])
        {
            mails.Add((await WriteAsync(to)).Id);
            clock.Advance(TimeSpan.FromSeconds(1)); // they are sent in this order
        }

        using var server = new PickyServer(port)
        {
            Answers = { ["full@example.com"] = "452 4.2.2 The mailbox is full", ["gone@example.com"] = "550 5.1.1 Nobody has it" },
        };
        using var sweep = NewSweep();
        await sweep.SweepAsync(default);
        Assert.Equal(["ada@example.com"], server.Taken);
        await using (var db = CreateDbContext())
        {
            var rows = await db.Mails.ToDictionaryAsync(mail => mail.Id);
            var (full, gone, after) = (rows[mails[0]], rows[mails[1]], rows[mails[2]]);
            Assert.Equal((null, 1, true), (full.SentAt, full.Attempts, full.DueAt > clock.GetUtcNow()));
            Assert.Equal((null, null, clock.GetUtcNow()), (gone.SentAt, gone.DueAt, after.SentAt));
        }

        server.Answers.Remove("full@example.com");
        clock.Advance(TimeSpan.FromMinutes(20));
        await sweep.SweepAsync(default);
        Assert.Equal(["ada@example.com", "full@example.com"], server.Taken);
    }

    [Fact]
    public async Task A_mail_that_is_put_off_for_two_days_is_given_up_and_one_to_a_server_that_is_away_is_not()
    {
        var mail = await WriteAsync("full@example.com");
        using (var sweep = NewSweep())
        {
            await sweep.SweepAsync(default);
        }

        clock.Advance(TimeSpan.FromDays(2) + TimeSpan.FromMinutes(20));
        await using var db = CreateDbContext();
        Assert.NotNull((await db.Mails.AsNoTracking().SingleAsync(row => row.Id == mail.Id)).DueAt);
        using var server = new PickyServer(port) { Answers = { ["full@example.com"] = "452 4.2.2 The mailbox is full" } };
        using var again = NewSweep();
        await again.SweepAsync(default);
        var given = await db.Mails.AsNoTracking().SingleAsync(row => row.Id == mail.Id);
        Assert.Equal((null, null), (given.SentAt, given.DueAt));
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

    private async Task<MailServer> ServeAsync()
    {
        var server = new MailServer(Options.Create(new SandboxSettings { SmtpPort = port }), inbox);
        await server.StartAsync(default);
        return server;
    }

    private MailSweep NewSweep() =>
        new(
            this,
            new Changes(Source, NullLogger<Changes>.Instance),
            Options.Create(new SmtpSettings { Host = "127.0.0.1", Port = port }),
            clock,
            NullLogger<MailSweep>.Instance
        );

    /// <summary>A mail server that has its own answer for some mailboxes.</summary>
    private sealed class PickyServer : IDisposable
    {
        private readonly TcpListener listener;

        public PickyServer(int port)
        {
            listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            _ = ServeAsync();
        }

        public Dictionary<string, string> Answers { get; } = new(StringComparer.Ordinal);

        /// <summary>To whom mails were taken, in their order.</summary>
        public List<string> Taken { get; } = [];

        public void Dispose() => listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync();
                    await TalkAsync(client);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task TalkAsync(TcpClient client)
        {
            using var reader = new StreamReader(client.GetStream());
            await using var writer = new StreamWriter(client.GetStream()) { NewLine = "\r\n", AutoFlush = true };
            await writer.WriteLineAsync("220 here");
            var to = "";
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("RCPT TO:", StringComparison.OrdinalIgnoreCase))
                {
                    to = line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];
                    await writer.WriteLineAsync(Answers.GetValueOrDefault(to, "250 yes"));
                    continue;
                }

                if (line.Equals("DATA", StringComparison.OrdinalIgnoreCase))
                {
                    await writer.WriteLineAsync("354 go on");
                    while (await reader.ReadLineAsync() is not (null or ".")) { }

                    Taken.Add(to);
                }

                await writer.WriteLineAsync(line.StartsWith("QUIT", StringComparison.OrdinalIgnoreCase) ? "221 bye" : "250 yes");
            }
        }
    }
}
