using Hangfire;
using Hangfire.Common;
using Hangfire.PostgreSql;
using Hangfire.States;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>Workers in processes of their own are killed at random moments while machines come and go.</summary>
[Trait("Needs", "database")]
public sealed class KilledWorkerTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private const int Workers = 3;

    /// <summary>Instances that exist at one time, at most.</summary>
    private const int AtOnce = 20;

    private static readonly int Kills = Chaos.Kills(sample: 8, whole: 400);
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(30);

    private readonly InMemoryEngine engine = new() { ObservationsUntilSsh = 2 };
    private Tenant tenant = null!;

    [Fact]
    public async Task Kills_lose_double_and_orphan_no_machine()
    {
        engine.Hook = (_, _, ct) => Task.Delay(Random.Shared.Next(20), ct); // a real engine takes its time, and a kill may fall into it
        await using (var db = CreateDbContext())
        {
            tenant = await Tenant.AddAsync(db);
        }

        await using var server = await EngineServer.StartAsync(engine);
        var storage = new PostgreSqlStorage(
            new Hangfire.PostgreSql.Factories.NpgsqlConnectionFactory(ConnectionString, new PostgreSqlStorageOptions())
        );
        var jobs = new BackgroundJobClient(storage);
        using var load = new CancellationTokenSource();
        var customers = CustomersAsync(jobs, load.Token);

        var killed = 0;
        await Task.WhenAll(
            Enumerable
                .Range(0, Workers)
                .Select(async _ =>
                {
                    while (Interlocked.Increment(ref killed) <= Kills)
                    {
                        using var worker = await WorkerUnderFire.StartAsync(ConnectionString, server.Address);
                        await server.AfterCallsAsync(worker.Name, Random.Shared.Next(1, 30));
                        await worker.KillAsync();
                    }
                })
        );
        await load.CancelAsync();
        await customers;

        using var survivor = await WorkerUnderFire.StartAsync(ConnectionString, server.Address);
        List<Unfinished> left = [];
        await Until.TrueAsync(
            async () => (left = await UnsettledAsync()).Count == 0,
            SettleLimit,
            () => $"{left.Count} instances did not settle within {SettleLimit}: {string.Join(", ", left.Take(5))}"
        );
        await AssertConsistentAsync();
    }

    /// <summary>Creates and terminates all the while; the queue is told of it only sometimes, as when an enqueue is lost.</summary>
    private async Task CustomersAsync(BackgroundJobClient jobs, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await using var db = CreateDbContext();
            var living = await db.Instances.Where(instance => instance.State != InstanceState.Terminated).ToListAsync(default);
            var settled = living.FindAll(instance => instance.Goal is not InstanceGoal.Terminated);
            if (living.Count >= AtOnce && settled.Count <= AtOnce / 2)
            {
                await Task.Delay(50, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // enough is under way
                continue;
            }

            var instance =
                living.Count < AtOnce
                    ? await tenant.RequestAsync(db, TimeProvider.System.GetUtcNow())
                    : settled[Random.Shared.Next(settled.Count)];
            if (living.Count >= AtOnce && instance.RequestTerminate(TimeProvider.System.GetUtcNow()).IsDone)
            {
                try
                {
                    await db.SaveChangesAsync(default);
                }
                catch (DbUpdateConcurrencyException)
                {
                    continue; // a worker wrote at the same moment; a customer would click again
                }
            }

            if (Random.Shared.Next(3) > 0)
            {
                jobs.Create(
                    Job.FromExpression<IInstanceJob>(job => job.AdvanceAsync(instance.Id, CancellationToken.None)),
                    new EnqueuedState("local")
                );
            }

            await Task.Delay(Random.Shared.Next(100), ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<List<Unfinished>> UnsettledAsync()
    {
        await using var db = CreateDbContext();
        return await Unfinished.InRegionsAsync(db, CancellationToken.None);
    }

    private async Task AssertConsistentAsync()
    {
        await using var db = CreateDbContext();
        var instances = await db.Instances.AsNoTracking().ToListAsync();
        var living = instances.Where(instance => instance.State is not InstanceState.Terminated).ToList();
        Assert.True(instances.Count > Kills / 4, $"Only {instances.Count} instances were made under fire; that proves little.");
        Assert.All(living, instance => Assert.Equal(InstanceState.Running, instance.State));
        await new ThreeTruths(this) { Engine = engine }.AgreeAsync(ConnectionString);
    }
}
