using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>A store that takes connections and never answers.</summary>
[Trait("Needs", "database")]
public sealed class HangingStoreTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("?tab=settings")]
    [InlineData("?key=notes.txt")]
    public async Task A_buckets_page_stands_at_once_and_what_is_asked_of_the_store_waits(string query)
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var person = await AddBucketAsync(silent);
        using var client = await Server.NewClientAsync(person);
        var page = await client.PageAsync("/buckets/photos" + query);
        Assert.Equal("photos", page.QuerySelector("h1")?.TextContent);
        Assert.NotNull(page.QuerySelector("[role=status][aria-label=Loading]"));

        // Whoever asked would have connected.
        Assert.False(silent.Pending());
    }

    /// <summary>
    /// The list is measured, and asks for its lines, while the first answer is still awaited: what then fails once fails twice.
    /// </summary>
    [Fact]
    [Trait("Needs", "browser")]
    public async Task A_list_that_was_waited_for_in_vain_is_no_rows_without_words()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var person = await AddBucketAsync(silent);
        var page = await browser.SignInAsync(Server, person, "/buckets/photos");
        await page.Locator(".object-list .placeholder").First.WaitForAsync();

        // As far as a list goes that has been measured: its own spacers stand in it.
        await page.WaitForFunctionAsync("() => document.querySelectorAll('.object-list tbody > tr[style]').length >= 2");
        using var breaking = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var breaks = BreakAsync(silent, breaking.Token);
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).WaitForAsync();
        await Assertions.Expect(page.Locator(".skeleton")).ToHaveCountAsync(0);
        await breaking.CancelAsync();
        await breaks;
    }

    private static async Task BreakAsync(TcpListener listener, CancellationToken until)
    {
        try
        {
            while (true)
            {
                using var one = await listener.AcceptSocketAsync(until);
            }
        }
        catch (OperationCanceledException)
        {
            // That is the end.
        }
    }

    private async Task<Person> AddBucketAsync(TcpListener store)
    {
        var person = await Server.AddPersonAsync();
        await using var db = CreateDbContext();
        var user = await BucketRows.AddUserAsync(
            db,
            Server.Services.GetRequiredService<BucketSecrets>(),
            person.AccountId,
            $"http://127.0.0.1:{((IPEndPoint)store.LocalEndpoint).Port}"
        );
        await BucketRows.AddBucketAsync(db, user, "photos");
        return person;
    }
}
