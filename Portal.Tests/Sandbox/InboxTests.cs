using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MimeKit;
using Portal.Sandbox.Mail;
using Portal.Tests.Shared;

namespace Portal.Tests.Sandbox;

public sealed class InboxTests : IAsyncLifetime
{
    private readonly HttpClient http = new();
    private SandboxServer sandbox = null!;

    public async ValueTask InitializeAsync()
    {
        sandbox = await SandboxServer.StartAsync();
        http.BaseAddress = new Uri(sandbox.Url);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await sandbox.DisposeAsync();
    }

    [Fact]
    public async Task A_message_sent_by_MailKit_is_in_the_inbox_of_its_recipient_only()
    {
        await SendAsync("ada@example.com", "Confirm", "Open http://127.0.0.1:5000/confirm?code=a%2Fb&id=1.");
        await SendAsync("bob@example.com", "Other", "Nothing");
        var message = Assert.Single((await http.GetFromJsonAsync<InboxMessage[]>("/_sandbox/inbox?to=ADA@example.com"))!);
        Assert.Equal("Confirm", message.Subject);
        Assert.Equal("http://127.0.0.1:5000/confirm?code=a%2Fb&id=1", Assert.Single(message.Links));
    }

    [Fact]
    public async Task Lines_that_begin_with_a_dot_and_other_letters_arrive_as_they_were()
    {
        await SendAsync("ada@example.com", "Größe ≤ 3", ".\r\n..two\r\nünï");
        Assert.Equal(
            ".\r\n..two\r\nünï",
            sandbox
                .Inbox.List(null)[0]
                .Text!.Replace("\n", "\r\n", StringComparison.Ordinal)
                .Replace("\r\r", "\r", StringComparison.Ordinal)
                .TrimEnd()
        );
        Assert.Equal("Größe ≤ 3", sandbox.Inbox.List(null)[0].Subject);
    }

    [Fact]
    public async Task The_inbox_and_a_message_are_pages_with_clickable_links()
    {
        await SendAsync("ada@example.com", "<Confirm>", "Open http://127.0.0.1:5000/confirm?a=1&b=2 now <b>");
        Assert.Contains("&lt;Confirm&gt;", await http.GetStringAsync("/inbox"), StringComparison.Ordinal);
        var page = await http.GetStringAsync("/inbox/1");
        Assert.Contains("""<a href="http://127.0.0.1:5000/confirm?a=1&amp;b=2">""", page, StringComparison.Ordinal);
        Assert.DoesNotContain("now <b>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lone_line_feed_ends_no_message()
    {
        var answers = await TalkAsync(
            "EHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nSubject: x\r\n\r\nbody\n.\nMAIL FROM:<evil@b.c>\r\n.\r\nQUIT\r\n"
        );
        Assert.Contains("250 2.0.0 Message 1 is in the inbox", answers, StringComparison.Ordinal);
        Assert.Contains("evil@b.c", Assert.Single(sandbox.Inbox.List(null)).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MAIL FROM:<a@b.c>\r\n", "501")]
    [InlineData("EHLO a\r\nRCPT TO:<d@e.f>\r\n", "501")]
    [InlineData("EHLO a\r\nMAIL FROM:<a@b.c>\r\nDATA\r\n", "501")]
    [InlineData("EHLO a\r\nMAIL FROM:a@b.c\r\n", "502")]
    [InlineData("EHLO a\r\nMAIL FROM:<a@b.c> SIZE=99999999\r\n", "552")]
    [InlineData("STARTTLS\r\n", "501")]
    public async Task What_is_out_of_order_or_too_much_is_refused(string commands, string code) =>
        Assert.Contains($"\n{code} ", await TalkAsync(commands + "QUIT\r\n"), StringComparison.Ordinal);

    [Fact]
    public async Task A_command_or_a_line_without_end_is_refused_and_the_dialogue_goes_on()
    {
        var answers = await TalkAsync($"NOOP {new string('x', 100_000)}\r\nNOOP\r\nQUIT\r\n");
        Assert.Contains("\n502 ", answers, StringComparison.Ordinal);
        Assert.Contains("\n250 Ok", answers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_and_not_kept()
    {
        var line = new string('x', 900) + "\r\n";
        var message = new StringBuilder("EHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n")
            .Insert(0, "")
            .Append(string.Concat(Enumerable.Repeat(line, 12_000)))
            .Append(".\r\nQUIT\r\n");
        Assert.Contains("\n552 ", await TalkAsync(message.ToString()), StringComparison.Ordinal);
        Assert.Empty(sandbox.Inbox.List(null));
    }

    [Fact]
    public async Task Mail_survives_a_restart_with_its_envelope()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            await using (var first = await SandboxServer.StartAsync(folder: folder.FullName))
            {
                await SendAsync("ada@example.com", "Kept", "text", first.SmtpPort);
            }

            await using var second = await SandboxServer.StartAsync(folder: folder.FullName);
            Assert.Equal("Kept", Assert.Single(second.Inbox.List("ada@example.com")).Subject);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task SendAsync(string to, string subject, string text, int? port = null)
    {
        using var message = new MimeMessage(
            [MailboxAddress.Parse("Portal <portal@example.com>")],
            [MailboxAddress.Parse(to)],
            subject,
            new TextPart("plain") { Text = text }
        );
        using var client = new SmtpClient(new NullProtocolLogger());
        await client.ConnectAsync("127.0.0.1", port ?? sandbox.SmtpPort, MailKit.Security.SecureSocketOptions.None);
        await client.SendAsync(message);
        await client.DisconnectAsync(quit: true);
    }

    private async Task<string> TalkAsync(string commands)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", sandbox.SmtpPort);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(commands));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }
}
