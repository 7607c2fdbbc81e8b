using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Portal.Sandbox.Mail;

/// <summary>A message as it was delivered: <see cref="To"/> is the envelope's, which may differ from the header's.</summary>
public sealed record InboxMessage(
    int Id,
    string From,
    IReadOnlyList<string> To,
    string Subject,
    DateTimeOffset ReceivedAt,
    string? Text,
    string? Html,
    IReadOnlyList<string> Links
);

/// <summary>All mail that arrived, newest first. With a folder each is kept there as a file.</summary>
public sealed partial class Inbox
{
    private const int Kept = 1000;

    private readonly Lock gate = new();
    private readonly List<InboxMessage> messages = [];
    private readonly DirectoryInfo? folder;
    private readonly TimeProvider clock;
    private int last;

    public Inbox(IOptions<SandboxSettings> settings, TimeProvider clock)
    {
        this.clock = clock;
        folder = settings.Value.Folder is { } path ? Directory.CreateDirectory(Path.Combine(path, "inbox")) : null;
        foreach (
            var file in folder?.EnumerateFiles("*.eml").OrderBy(file => file.Name, StringComparer.Ordinal) ?? Enumerable.Empty<FileInfo>()
        )
        {
            using var kept = file.OpenRead();
            var message = MimeMessage.Load(kept);
            var envelope =
                message.Headers[Envelope]?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
            Keep(message, envelope, new DateTimeOffset(file.LastWriteTimeUtc));
        }
    }

    // Written in front of a kept message, since the envelope is not part of it.
    private const string Envelope = "X-Sandbox-Envelope-To";

    /// <summary>Takes a message in; throws <see cref="FormatException"/> if it is none.</summary>
    public InboxMessage Receive(Stream content, IReadOnlyList<string> to)
    {
        var message = MimeMessage.Load(content);
        lock (gate)
        {
            var received = Keep(message, to, clock.GetUtcNow());
            if (folder is not null)
            {
                message.Headers.Add(Envelope, string.Join(", ", to));
                message.WriteTo(Path.Combine(folder.FullName, $"{received.Id:D8}.eml"));
            }

            return received;
        }
    }

    public IReadOnlyList<InboxMessage> List(string? to)
    {
        lock (gate)
        {
            return [.. messages.Where(message => to is null || message.To.Contains(to, StringComparer.OrdinalIgnoreCase)).Reverse()];
        }
    }

    public InboxMessage? Find(int id)
    {
        lock (gate)
        {
            return messages.Find(message => message.Id == id);
        }
    }

    public void Clear()
    {
        lock (gate)
        {
            messages.Clear();
            foreach (var file in folder?.EnumerateFiles("*.eml") ?? Enumerable.Empty<FileInfo>())
            {
                file.Delete();
            }
        }
    }

    private InboxMessage Keep(MimeMessage message, IReadOnlyList<string> to, DateTimeOffset at)
    {
        var (text, html) = (message.TextBody, message.HtmlBody);
        var links = Link()
            .Matches(text ?? "")
            .Select(match => match.Value)
            .Concat(Href().Matches(html ?? "").Select(match => System.Net.WebUtility.HtmlDecode(match.Groups["url"].Value)))
            .Distinct(StringComparer.Ordinal);
        var kept = new InboxMessage(++last, message.From.ToString(), to, message.Subject ?? "", at, text, html, [.. links]);
        messages.Add(kept);
        if (messages.Count > Kept)
        {
            messages.RemoveAt(0);
        }

        return kept;
    }

    [GeneratedRegex("""https?://[^\s<>"']+[^\s<>"'.,;:!?)\]]""", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    internal static partial Regex Link();

    [GeneratedRegex(
        """href="(?<url>https?://[^"]+)""",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Href();
}
