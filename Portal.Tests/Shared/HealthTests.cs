using System.Net;
using Portal.Tests.Compute;

namespace Portal.Tests.Shared;

/// <summary>What a balancer or a supervisor asks both hosts.</summary>
[Trait("Needs", "database")]
public sealed class HealthTests(TestPostgres postgres) : ServedTests(postgres)
{
    private readonly TestPostgres postgres = postgres;

    [Fact]
    public async Task Both_hosts_live_without_their_database_and_are_ready_only_with_it()
    {
        await using var worker = await WorkerServer.StartAsync(ConnectionString, new InMemoryEngine());
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await AskAsync(Server.Address));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await AskAsync(worker.Address));
        await postgres.LetInAsync(ConnectionString, false);
        try
        {
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), await AskAsync(Server.Address));
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), await AskAsync(worker.Address));
        }
        finally
        {
            await postgres.LetInAsync(ConnectionString, true);
        }

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await AskAsync(Server.Address));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await AskAsync(worker.Address));
    }

    private static async Task<(HttpStatusCode Lives, HttpStatusCode IsReady)> AskAsync(Uri host)
    {
        using var http = new HttpClient { BaseAddress = host };
        using var lives = await http.GetAsync(new Uri("/healthz", UriKind.Relative), TestContext.Current.CancellationToken);
        using var ready = await http.GetAsync(new Uri("/readyz", UriKind.Relative), TestContext.Current.CancellationToken);
        return (lives.StatusCode, ready.StatusCode);
    }
}
