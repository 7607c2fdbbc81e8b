using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// PostgreSQL is stopped and started again while a real worker is at work. On a cluster of its own, since all other tests use the common
/// one.
/// </summary>
[Trait("Needs", "database")]
public sealed class RestartedDatabaseTests : IAsyncLifetime
{
    private const int Instances = 20;
    private const int Restarts = 3;

    private readonly TestPostgres postgres = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => postgres.DisposeAsync();

    [Fact]
    public async Task Restarts_of_the_database_under_load_lose_nothing()
    {
        var engine = new InMemoryEngine { ObservationsUntilSsh = 3 };
        await using var database = new OwnDatabase(postgres);
        await database.InitializeAsync();
        await using var worker = await WorkerServer.StartAsync(database.Connection, engine);
        var tenant = await InDatabaseAsync(database, db => Tenant.AddAsync(db));
        for (var restart = 0; restart < Restarts; restart++)
        {
            await InDatabaseAsync(
                database,
                async db =>
                {
                    for (var i = 0; i < Instances; i++)
                    {
                        await tenant.RequestAsync(db, TimeProvider.System.GetUtcNow());
                    }

                    return true;
                }
            );
            await postgres.RestartAsync();
        }

        await Until.TrueAsync(
            async () => (await AllAsync(database)).TrueForAll(instance => !instance.IsUnsettled),
            TimeSpan.FromSeconds(90)
        );
        Assert.Equal(Restarts * Instances, engine.Machines.Count);
        Assert.All(await AllAsync(database), instance => Assert.Equal(InstanceState.Running, instance.State));
        await new ThreeTruths(database) { Engine = engine }.AgreeAsync(database.Connection);
    }

    private static Task<List<Instance>> AllAsync(OwnDatabase database) =>
        InDatabaseAsync(database, db => db.Instances.AsNoTracking().ToListAsync());

    /// <summary>As a person would: a connection that broke is tried again.</summary>
    private static async Task<T> InDatabaseAsync<T>(OwnDatabase database, Func<Model.Shared.PortalDb, Task<T>> work)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var db = database.CreateDbContext();
                return await work(db);
            }
            catch (Exception error)
                when (watch.Elapsed < TimeSpan.FromSeconds(20) && error is InvalidOperationException or Npgsql.NpgsqlException)
            {
                // The server was restarted under this connection.
            }
        }
    }

    private sealed class OwnDatabase(TestPostgres postgres) : TestDatabase(postgres)
    {
        public string Connection => ConnectionString;
    }
}
