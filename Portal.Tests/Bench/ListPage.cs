using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>(c) The list page of an account with 1,000 instances, as the server renders it, beside the same page of an account with 10.</summary>
internal static class ListPage
{
    private const int Requests = 100;

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var web = await PortalServer.StartAsync(database);
        var few = await PersonWithAsync(web, 10);
        var many = await PersonWithAsync(web, 1000);
        using var manyClient = await web.NewClientAsync(many);
        using var fewClient = await web.NewClientAsync(few);

        var (manyTimes, fewTimes) = (new List<double>(), new List<double>());
        int manyQueries = 0, fewQueries = 0;
        for (var i = 0; i < Requests + 10; i++)
        {
            (var time, manyQueries) = await GetAsync(manyClient);
            manyTimes.Add(time);
            (time, fewQueries) = await GetAsync(fewClient);
            fewTimes.Add(time);
        }

        return
        [
            new Figure("(c) list page with 1,000 instances, server time, p95", Figure.Percentile(manyTimes.Skip(10), 0.95), "ms", Figure.Percentile(fewTimes.Skip(10), 0.95), 150),
            new Figure("(c) its queries, beside those with 10 instances", manyQueries, "queries", fewQueries, 1, BarIsRatio: true),
        ];
    }

    public static async Task<Person> PersonWithAsync(PortalServer web, int instances)
    {
        var person = await web.AddPersonAsync();
        await using var scope = web.Services.CreateAsyncScope();
        await using var db = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        await Fleet.AddAsync(db, person.AccountId, instances);
        return person;
    }

    private static async Task<(double Milliseconds, int Queries)> GetAsync(FormClient client)
    {
        var queries = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => queries += activity.Kind is ActivityKind.Client ? 1 : 0,
        };
        ActivitySource.AddActivityListener(listener);
        var start = Stopwatch.GetTimestamp();
        using var answer = await client.GetAsync("/instances");
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync();
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, queries);
    }
}
