using System.ComponentModel.DataAnnotations;
using System.Text.Encodings.Web;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// A mail that must go out: written in the transaction of what it tells, sent by the worker at least once. What a dead mail server
/// refuses today goes out when it is back.
/// </summary>
public sealed class Mail : IOwned
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    /// <summary>Also the left half of its Message-Id, so that a mail sent twice can be recognized as one.</summary>
    public required Guid Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(256)]
    public required string To { get; init; }

    /// <summary>
    /// Kind, mailbox and the network of who caused it, of a mail that a stranger can cause: by these they are counted; null for any other.
    /// </summary>
    [MaxLength(320)]
    public string? CountedAs { get; set; }

    [MaxLength(255)]
    public required string Subject { get; init; }

    /// <summary>The body as plain text, its links and codes included; forgotten once it is sent.</summary>
    public required string Text { get; set; }

    /// <summary>The same in HTML; forgotten once it is sent.</summary>
    public required string Html { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When to try (again). Null once there is nothing left to do.</summary>
    public required DateTimeOffset? DueAt { get; set; }

    public DateTimeOffset? SentAt { get; private set; }

    public int Attempts { get; private set; }

    [MaxLength(1024)]
    public string? LastError { get; private set; }

    /// <summary>A mail of one link, in both forms; due at once.</summary>
    /// <param name="link">Null for a mail without one.</param>
    public static Mail Write(
        string accountId,
        string to,
        string subject,
        string opening,
        (string Label, string Address)? link,
        string closing,
        DateTimeOffset now
    )
    {
        var safe = HtmlEncoder.Default;
        var button = link is not { } shown
            ? ""
            : $"""
                <p style="margin:24px 0"><a href="{safe.Encode(
                    shown.Address
                )}" style="background:#1f5fd6;color:#ffffff;text-decoration:none;border-radius:6px;padding:10px 18px;display:inline-block">{safe.Encode(
                    shown.Label
                )}</a></p>
                """;
        return new Mail
        {
            Id = Guid.CreateVersion7(now),
            AccountId = accountId,
            To = to,
            Subject = subject,
            Text = link is { } plain ? $"{opening}\n\n{plain.Address}\n\n{closing}\n" : $"{opening}\n\n{closing}\n",
            Html = $"""
                <!DOCTYPE html><html lang="en"><body style="margin:0;padding:32px 16px;font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif">
                <div style="max-width:480px;margin:0 auto"><p style="font-weight:600;font-size:17px">{safe.Encode(
                    subject
                )}</p><p>{safe.Encode(opening)}</p>
                {button}
                <p style="color:#6b7280;font-size:13px">{safe.Encode(closing)}</p></div></body></html>
                """,
            CreatedAt = now,
            DueAt = now,
        };
    }

    public void Sent(DateTimeOffset now) => (SentAt, DueAt, Attempts, LastError, Text, Html) = (now, null, Attempts + 1, null, "", "");

    /// <summary>
    /// The server was away or busy: later again, twice as late each time up to a quarter of an hour, for as long as it takes.
    /// </summary>
    public void Failed(string reason, DateTimeOffset now)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(Attempts, 12));
        (Attempts, LastError, DueAt) = (Attempts + 1, Short(reason), now + (pause < LongestPause ? pause : LongestPause));
    }

    /// <summary>The server will never take it, e.g. for want of such a mailbox.</summary>
    public void Refused(string reason) => (Attempts, LastError, DueAt, Text, Html) = (Attempts + 1, Short(reason), null, "", "");

    private static string Short(string reason) => reason.Length <= 1024 ? reason : reason[..1024];
}
