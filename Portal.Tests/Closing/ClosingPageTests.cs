using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Closing;
using Portal.Model.Accounts;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Closing;

/// <summary>The pages about a closing: what an operator reads instead of it, and what it shows to whoever has the ticket.</summary>
[Trait("Needs", "database")]
public sealed class ClosingPageTests(TestPostgres postgres) : CloseAccountScene(postgres)
{
    [Fact]
    public async Task Its_page_shows_numbers_to_whoever_has_the_ticket_and_is_not_there_for_anybody_else()
    {
        var (person, stays) = (await Server.AddPersonAsync(), await Server.AddPersonAsync());
        await RunningMachines.AddAsync(
            this,
            new InMemoryEngine(),
            new Actor(person.AccountId, person.UserId, person.Email, null),
            "a-secret-name"
        );
        using var client = await Server.NewClientAsync(person);
        var path = await CloseAsync(client, person);
        using var visitor = Server.NewClient();
        var page = await visitor.PageAsync(path);
        Assert.Contains("Your account is being closed", page.Body!.TextContent, StringComparison.Ordinal);
        Assert.Contains("Instances", page.Body!.TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("a-secret-name", page.Body!.TextContent, StringComparison.Ordinal);
        var other = Server.Services.GetRequiredService<ClosingTickets>().For(stays.AccountId);
        foreach (var wrong in (string[])["nonsense", person.AccountId, path["/closing/".Length..^1], other])
        {
            using var missing = await visitor.GetAsync($"/closing/{wrong}");
            Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        }

        using var nothing = await visitor.GetAsync("/closing/nonsense/changes");
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
        await AssertFewStreamsAsync(visitor, $"{path}/changes");

        foreach (var (days, status) in ((int, HttpStatusCode)[])[(29, HttpStatusCode.OK), (31, HttpStatusCode.NotFound)])
        {
            await using var db = CreateDbContext();
            await db
                .Accounts.Where(account => account.Id == person.AccountId)
                .ExecuteUpdateAsync(set => set.SetProperty(account => account.ClosedAt, TimeProvider.System.GetUtcNow().AddDays(-days)));
            using var closed = await visitor.GetAsync(path);
            Assert.Equal(status, closed.StatusCode);
        }
    }

    [Fact]
    public async Task An_operator_s_account_stays_and_the_page_says_why()
    {
        var keeper = await Server.AddPersonAsync(isOperator: true);
        using var client = await Server.NewClientAsync(keeper);
        var page = await client.PageAsync("/settings/close");
        Assert.True(page.QuerySelector("form.narrow button[type=submit]")!.HasAttribute("disabled"));
        Assert.StartsWith(
            "An operator of Portal signs in with this account, and an operator's account is not closed.",
            await RefusalAsync(client, keeper.Email, PortalServer.Password),
            StringComparison.Ordinal
        );
    }

    /// <summary>So many at once, and others once some of them have ended.</summary>
    private static async Task AssertFewStreamsAsync(FormClient visitor, string path)
    {
        Task<HttpResponseMessage> OpenAsync() =>
            visitor.Http.GetAsync(
                new Uri(path, UriKind.Relative),
                HttpCompletionOption.ResponseHeadersRead,
                TestContext.Current.CancellationToken
            );
        var open = new List<HttpResponseMessage>();
        for (var number = 0; number < 20; number++)
        {
            open.Add(await OpenAsync());
        }

        Assert.All(open, stream => Assert.Equal(HttpStatusCode.OK, stream.StatusCode));
        using var refused = await OpenAsync();
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        open.ForEach(stream => stream.Dispose());
        await Until.TrueAsync(async () =>
        {
            using var later = await OpenAsync();
            return later.StatusCode is HttpStatusCode.OK;
        });
    }
}
