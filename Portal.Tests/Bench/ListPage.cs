using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>
/// (c) The list pages of an account with 1,000 resources of the kind, as the server renders them, beside the same pages of an account with
/// 10.
/// </summary>
internal static class ListPage
{
    private const int Requests = 100;

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var web = await PortalServer.StartAsync(database);
        return
        [
            .. await MeasureAsync(web, "instances", "/instances", (db, accountId, count) => Fleet.AddAsync(db, accountId, count)),
            .. await MeasureAsync(web, "volumes", "/volumes", Fleet.AddVolumesAsync),
            .. await MeasureAsync(web, "snapshots", "/snapshots", Fleet.AddVolumesAsync),
            .. await MeasureAsync(web, "networks", "/networks", Fleet.AddNetworksAsync),
            .. await MeasureAsync(web, "security groups", "/security-groups", Fleet.AddNetworksAsync),
        ];
    }

    public static Task<Person> PersonWithAsync(PortalServer web, int instances) =>
        PersonWithAsync(web, (db, accountId) => Fleet.AddAsync(db, accountId, instances));

    private static async Task<IReadOnlyList<Figure>> MeasureAsync(
        PortalServer web,
        string what,
        string path,
        Func<PortalDb, string, int, Task> add
    )
    {
        var few = await PersonWithAsync(web, (db, accountId) => add(db, accountId, 10));
        var many = await PersonWithAsync(web, (db, accountId) => add(db, accountId, 1000));
        using var manyClient = await web.NewClientAsync(many);
        using var fewClient = await web.NewClientAsync(few);

        var (manyTimes, fewTimes) = (new List<double>(), new List<double>());
        int manyQueries = 0,
            fewQueries = 0;
        for (var i = 0; i < Requests + 10; i++)
        {
            (var time, manyQueries) = await GetAsync(manyClient, path);
            manyTimes.Add(time);
            (time, fewQueries) = await GetAsync(fewClient, path);
            fewTimes.Add(time);
        }

        return
        [
            new Figure(
                $"(c) list of 1,000 {what}, server time, p95",
                Figure.Percentile(manyTimes.Skip(10), 0.95),
                "ms",
                Figure.Percentile(fewTimes.Skip(10), 0.95),
                150
            ),
            new Figure($"(c) its queries, beside those with 10 {what}", manyQueries, "queries", fewQueries, 1, BarIsRatio: true),
        ];
    }

    private static async Task<Person> PersonWithAsync(PortalServer web, Func<PortalDb, string, Task> add)
    {
        var person = await web.AddPersonAsync();
        await using var scope = web.Services.CreateAsyncScope();
        await using var db = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        await add(db, person.AccountId);
        return person;
    }

    private static async Task<(double Milliseconds, int Queries)> GetAsync(FormClient client, string path)
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
        using var answer = await client.GetAsync(path);
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync();
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, queries);
    }
}
