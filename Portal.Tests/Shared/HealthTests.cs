using System.Net;
using Portal.Model.Shared;
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

    [Fact]
    public async Task Both_hosts_say_which_version_they_are_which_is_the_newest_that_the_changelog_has()
    {
        await using var worker = await WorkerServer.StartAsync(ConnectionString, new InMemoryEngine());
        using var http = new HttpClient();
        foreach (var host in (Uri[])[Server.Address, worker.Address])
        {
            Assert.Equal(
                $"Healthy {ProductVersion.Number}",
                await http.GetStringAsync(new Uri(host, "/healthz"), TestContext.Current.CancellationToken)
            );
        }

        var newest = (await File.ReadAllLinesAsync(Path.Combine(TestPostgres.Repository, "CHANGELOG.md"))).First(line =>
            line.StartsWith("## ", StringComparison.Ordinal)
        );
        Assert.Equal(ProductVersion.Number, newest.Split(' ')[1]);
    }

    private static async Task<(HttpStatusCode Lives, HttpStatusCode IsReady)> AskAsync(Uri host)
    {
        using var http = new HttpClient { BaseAddress = host };
        using var lives = await http.GetAsync(new Uri("/healthz", UriKind.Relative), TestContext.Current.CancellationToken);
        using var ready = await http.GetAsync(new Uri("/readyz", UriKind.Relative), TestContext.Current.CancellationToken);
        return (lives.StatusCode, ready.StatusCode);
    }
}
