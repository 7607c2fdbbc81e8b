using System.Globalization;
using System.Text;

namespace Portal.Sandbox.Mail;

/// <summary>One client's dialogue: the part of RFC 5321 that a mailer needs. No relaying, no sign-in, no TLS; it is the loopback.</summary>
internal sealed class SmtpSession(Stream stream, Inbox inbox)
{
    /// <summary>Bytes of a message; also announced by EHLO (RFC 1870).</summary>
    public const int LargestMessage = 10 * 1024 * 1024;

    private const int LongestCommand = 512;
    private const int MostRecipients = 100;
    private const int MostMistakes = 20;

    private readonly SmtpLines lines = new(stream);
    private readonly List<string> recipients = [];
    private string? sender;
    private bool greeted;
    private int mistakes;

    public async Task RunAsync(CancellationToken ct)
    {
        await SayAsync("220 sandbox ESMTP: takes everything, sends nothing on", ct);
        while (await lines.ReadAsync(ct) is { } line)
        {
            var answer = await AnswerAsync(line, ct);
            mistakes += answer[0] is '5' ? 1 : 0;
            await SayAsync(mistakes > MostMistakes ? "421 4.7.0 Too many mistakes" : answer, ct);
            if (mistakes > MostMistakes || answer.StartsWith("221", StringComparison.Ordinal))
            {
                return;
            }
        }
    }

    private async Task<string> AnswerAsync(SmtpLines.Line line, CancellationToken ct)
    {
        if (line.IsTooLong || line.Bytes.Length + 2 > LongestCommand)
        {
            return "500 5.5.2 The line is too long";
        }

        var text = line.Text;
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        var (verb, rest) = space < 0 ? (text, "") : (text[..space], text[(space + 1)..].Trim());
        return verb.ToUpperInvariant() switch
        {
            "HELO" => Greet("250 sandbox"),
            "EHLO" => Greet($"250-sandbox\r\n250-SIZE {LargestMessage}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING"),
            "MAIL" => Mail(rest),
            "RCPT" => Recipient(rest),
            "DATA" => await DataAsync(ct),
            "RSET" => Reset("250 2.0.0 Forgotten"),
            "NOOP" => "250 2.0.0 OK",
            "QUIT" => "221 2.0.0 Bye",
            "VRFY" => "252 2.5.0 Send it and see",
            _ => "502 5.5.1 Not a command of this server",
        };
    }

    private string Greet(string answer)
    {
        greeted = true;
        return Reset(answer);
    }

    private string Reset(string answer)
    {
        sender = null;
        recipients.Clear();
        return answer;
    }

    private string Mail(string rest)
    {
        if (!greeted || sender is not null)
        {
            return "503 5.5.1 Not now";
        }

        if (Address(rest, "FROM:", out var parameters) is not { } address)
        {
            return "501 5.5.4 Say MAIL FROM:<address>";
        }

        foreach (var parameter in parameters)
        {
            if (
                parameter.StartsWith("SIZE=", StringComparison.OrdinalIgnoreCase)
                && (
                    !long.TryParse(parameter.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
                    || size > LargestMessage
                )
            )
            {
                return "552 5.3.4 The message is too large";
            }
        }

        sender = address;
        return "250 2.1.0 OK";
    }

    private string Recipient(string rest)
    {
        if (sender is null)
        {
            return "503 5.5.1 MAIL comes first";
        }

        if (recipients.Count == MostRecipients)
        {
            return "452 4.5.3 Too many recipients";
        }

        if (Address(rest, "TO:", out _) is not { Length: > 0 } address)
        {
            return "501 5.5.4 Say RCPT TO:<address>";
        }

        recipients.Add(address);
        return "250 2.1.5 OK";
    }

    private async Task<string> DataAsync(CancellationToken ct)
    {
        if (recipients.Count == 0)
        {
            return "503 5.5.1 RCPT comes first";
        }

        await SayAsync("354 End with a dot on a line of its own", ct);
        using var message = new MemoryStream();
        var (tooLong, tooLarge) = (false, false);
        while (true)
        {
            var line = await lines.ReadAsync(ct) ?? throw new InvalidDataException("The client left in the middle of a message.");
            if (line is { Bytes: [(byte)'.'], IsTooLong: false })
            {
                break;
            }

            // A dot in front of a line was doubled by the client (4.5.2).
            var content = line.Bytes is [(byte)'.', ..] ? line.Bytes.AsMemory(1) : line.Bytes;
            tooLong |= line.IsTooLong;
            tooLarge |= message.Length + content.Length + 2 > LargestMessage;
            if (!tooLarge)
            {
                message.Write(content.Span);
                message.Write("\r\n"u8);
            }
        }

        return tooLarge ? Reset("552 5.3.4 The message is too large")
            : tooLong ? Reset("500 5.6.0 A line is too long")
            : Accept(message);
    }

    private string Accept(MemoryStream message)
    {
        message.Position = 0;
        try
        {
            return Reset($"250 2.0.0 Message {inbox.Receive(message, [.. recipients]).Id} is in the inbox");
        }
        catch (FormatException)
        {
            return Reset("554 5.6.0 That is not a message");
        }
    }

    private static string? Address(string rest, string keyword, out string[] parameters)
    {
        parameters = [];
        if (!rest.StartsWith(keyword, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var argument = rest[keyword.Length..].TrimStart();
        var end = argument.IndexOf('>', StringComparison.Ordinal);
        if (argument is not ['<', ..] || end < 0)
        {
            return null;
        }

        parameters = argument[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return argument[1..end];
    }

    private async Task SayAsync(string answer, CancellationToken ct) =>
        await stream.WriteAsync(Encoding.UTF8.GetBytes(answer + "\r\n"), ct);
}
