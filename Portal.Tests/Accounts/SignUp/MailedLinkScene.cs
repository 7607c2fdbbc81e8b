using System.Diagnostics;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>People who are sent a link by mail.</summary>
public abstract class MailedLinkScene(TestPostgres postgres) : ServedTests(postgres)
{
    protected async Task<(string? Sentence, TimeSpan Time)> SignInAsync(string email, string password)
    {
        using var client = Server.NewClient();
        var form = (await client.PageAsync("/sign-in")).Forms[0];
        var began = Stopwatch.GetTimestamp();
        using var answer = await client.SendAsync("/sign-in", form, ("Email", email), ("Password", password));
        var time = Stopwatch.GetElapsedTime(began);
        return answer.StatusCode is HttpStatusCode.Found
            ? (null, time)
            : ((await FormClient.ReadAsync(answer)).QuerySelector("[role=alert]")!.TextContent, time);
    }

    protected async Task<string> LinkAsync(string email)
    {
        await using var db = CreateDbContext();
        var mail = await db
            .Mails.Where(mail => mail.To == email && mail.Text.Contains("code="))
            .OrderByDescending(mail => mail.CreatedAt)
            .FirstAsync();
        return new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery;
    }
}
