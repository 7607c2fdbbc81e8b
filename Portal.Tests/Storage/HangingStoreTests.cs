using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Storage;
using Portal.Tests.Shared;

namespace Portal.Tests.Storage;

/// <summary>A store that takes connections and never answers.</summary>
[Trait("Needs", "database")]
public sealed class HangingStoreTests(TestPostgres postgres) : ServedTests(postgres)
{
    [Theory]
    [InlineData("")]
    [InlineData("?tab=settings")]
    [InlineData("?key=notes.txt")]
    public async Task A_buckets_page_stands_at_once_and_what_is_asked_of_the_store_waits(string query)
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var person = await Server.AddPersonAsync();
        await using (var db = CreateDbContext())
        {
            var user = await BucketRows.AddUserAsync(db, Server.Services.GetRequiredService<StorageSecrets>(), person.AccountId, $"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");
            await BucketRows.AddBucketAsync(db, user, "photos");
        }

        using var client = await Server.NewClientAsync(person);
        var page = await client.PageAsync("/buckets/photos" + query);
        Assert.Equal("photos", page.QuerySelector("h1")?.TextContent);
        Assert.NotNull(page.QuerySelector("[role=status][aria-label=Loading]"));

        // Whoever asked would have connected.
        Assert.False(silent.Pending());
    }
}
