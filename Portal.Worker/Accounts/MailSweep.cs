using MailKit.Net.Smtp;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MimeKit;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Accounts;

/// <summary>
/// Sends the outbox: at once when a row appears, and again later what could not be sent. A mail is locked while it is sent and marked
/// after, so that several workers share the work and a killed one loses nothing; at worst a mail goes out twice, under one Message-Id.
/// </summary>
public sealed partial class MailSweep(
    IDbContextFactory<PortalDb> dbs,
    Changes changes,
    IOptions<SmtpSettings> settings,
    TimeProvider clock,
    ILogger<MailSweep> log
) : Sweep(TimeSpan.FromSeconds(5), clock, log, changes, "Mails")
{
    /// <summary>For each step of the conversation with the server.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>How long a server may put one mail off. What is in it has a life of a day.</summary>
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromDays(2);

    private readonly TimeProvider clock = clock;
    private readonly ILogger<MailSweep> log = log;

    public override async Task SweepAsync(CancellationToken ct)
    {
        if (settings.Value.Host is null)
        {
            return;
        }

        using var smtp = new SmtpClient { Timeout = (int)Patience.TotalMilliseconds };
        while (await SendNextAsync(smtp, ct)) { }

        if (smtp.IsConnected)
        {
            await smtp.DisconnectAsync(quit: true, ct);
        }
    }

    /// <returns>Whether it is worth going on: something was due, and the server is there.</returns>
    private async Task<bool> SendNextAsync(SmtpClient smtp, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var now = clock.GetUtcNow();
        var mail = await db
            .Mails.FromSql($"""SELECT * FROM "Mails" WHERE "DueAt" <= {now} ORDER BY "DueAt" LIMIT 1 FOR UPDATE SKIP LOCKED""")
            .SingleOrDefaultAsync(ct);
        if (mail is null)
        {
            return false;
        }

        var isThere = await TrySendAsync(smtp, mail, ct);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return isThere;
    }

    private async Task<bool> TrySendAsync(SmtpClient smtp, Mail mail, CancellationToken ct)
    {
        try
        {
            await ConnectAsync(smtp, ct);
            await smtp.SendAsync(Message(mail), ct);
            mail.Sent(clock.GetUtcNow());
            return true;
        }
        catch (SmtpCommandException error) when ((int)error.StatusCode >= 500)
        {
            mail.Refused(error.Message);
            LogRefused(log, mail.Id, (int)error.StatusCode);
            return true;
        }
        catch (Exception error)
            when (error is SmtpCommandException { StatusCode: not SmtpStatusCode.ServiceNotAvailable } or NotSupportedException)
        {
            // It is this mail that the server does not take now; the others go on.
            var now = clock.GetUtcNow();
            if (now - mail.CreatedAt > GivenUpAfter)
            {
                mail.Refused(error.Message);
                return true;
            }

            mail.Failed(error.Message, now);
            LogAway(log, mail.Id, mail.Attempts, error.Message);
            return true;
        }
        catch (Exception error) when (error is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            mail.Failed(error.Message, clock.GetUtcNow());
            LogAway(log, mail.Id, mail.Attempts, error.Message);
            return false;
        }
    }

    private async Task ConnectAsync(SmtpClient smtp, CancellationToken ct)
    {
        var server = settings.Value;
        if (smtp.IsConnected)
        {
            return;
        }

        await smtp.ConnectAsync(server.Host!, server.Port, server.Security, ct);
        if (server.User is not null)
        {
            await smtp.AuthenticateAsync(server.User, server.Password ?? "", ct);
        }
    }

    private MimeMessage Message(Mail mail)
    {
        var from = MailboxAddress.Parse(settings.Value.From);
        var message = new MimeMessage
        {
            MessageId = $"{mail.Id:N}@{from.Domain}",
            Date = mail.CreatedAt,
            Subject = mail.Subject,
            Body = new BodyBuilder { TextBody = mail.Text, HtmlBody = mail.Html }.ToMessageBody(),
        };
        message.From.Add(from);
        message.To.Add(new MailboxAddress("", mail.To));
        message.Headers.Add("Auto-Submitted", "auto-generated");
        return message;
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The mail server does not take mails; {Mail} waits after {Attempts} attempts: {Reason}"
    )]
    private static partial void LogAway(ILogger log, Guid mail, int attempts, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The mail server refused {Mail} for good, with {Status}")]
    private static partial void LogRefused(ILogger log, Guid mail, int status);
}
