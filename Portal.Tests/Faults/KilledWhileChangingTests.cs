using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Networking;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// Workers in processes of their own are killed at random moments while customers change rules, and attach and detach disks. What holds in
/// the end is what each of them said last.
/// </summary>
[Trait("Needs", "database")]
public sealed class KilledWhileChangingTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private const int Workers = 2;

    private static readonly int Kills = Chaos.Kills(sample: 4, whole: 150);
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly InMemoryEngine engine = new() { ObservationsUntilDetached = 2 };

    /// <summary>What was said last, and taken: the ports that a group lets in, and which instance has a volume (none if empty).</summary>
    private readonly ConcurrentDictionary<string, int> ports = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> holders = new(StringComparer.Ordinal);

    [Fact]
    public async Task Rules_and_disks_end_as_their_owners_last_said()
    {
        var customers = new List<ACustomer>();
        foreach (var name in (string[])["ada", "bob"])
        {
            customers.Add(await AddAsync(name));
        }

        engine.Hook = (_, _, ct) => Task.Delay(Random.Shared.Next(20), ct); // a real engine takes its time, and a kill may fall into it
        await using var server = await EngineServer.StartAsync(engine);
        using var load = new CancellationTokenSource();
        var changes = customers.Select(customer => ChangeAsync(customer, load.Token)).ToList();
        var killed = 0;
        await Task.WhenAll(
            Enumerable
                .Range(0, Workers)
                .Select(async _ =>
                {
                    while (Interlocked.Increment(ref killed) <= Kills)
                    {
                        using var worker = await WorkerUnderFire.StartAsync(ConnectionString, server.Address);
                        await server.AfterCallsAsync(worker.Name, Random.Shared.Next(1, 20));
                        await worker.KillAsync();
                    }
                })
        );
        await load.CancelAsync();
        var made = (await Task.WhenAll(changes)).Sum();

        using var survivor = await WorkerUnderFire.StartAsync(ConnectionString, server.Address);
        List<Unfinished> left = [];
        await Until.TrueAsync(
            async () => (left = await UnsettledAsync()).Count == 0,
            SettleLimit,
            () => $"Not settled: {string.Join(", ", left.Take(5))}"
        );
        Assert.True(made > Kills, $"Only {made} changes were made under fire; that proves little.");
        await AsSaidAsync();
        await new ThreeTruths(this) { Engine = engine }.AgreeAsync(ConnectionString);
    }

    /// <summary>Two instances and three volumes, one of which is attached.</summary>
    private async Task<ACustomer> AddAsync(string name)
    {
        var actor = await AnAccount.ReadyAsync(this);
        List<string> instances =
        [
            await RunningMachines.AddAsync(this, engine, actor, $"{name}-1"),
            await RunningMachines.AddAsync(this, engine, actor, $"{name}-2"),
        ];
        await using var db = CreateDbContext();
        var volumes = new List<string>();
        foreach (var number in Enumerable.Range(1, 3))
        {
            var made = await new CreateVolume(this, TimeProvider.System).RunAsync(
                actor,
                new NewVolume
                {
                    Name = $"{name}-data-{number}",
                    SizeGiB = number,
                    RequestToken = Guid.NewGuid().ToString("N"),
                },
                Ct
            );
            Assert.Null(made.Reason);
            volumes.Add(made.Value!.Id);
        }

        var network = await db.Networks.SingleAsync(row => row.AccountId == actor.AccountId, Ct);
        var group = await db.SecurityGroups.SingleAsync(row => row.NetworkId == network.Id && row.IsDefault, Ct);
        return new ACustomer(actor, group.Id, instances, volumes);
    }

    /// <returns>How much was changed: what is refused since the last change is under way is pressed again, as people do.</returns>
    private async Task<int> ChangeAsync(ACustomer customer, CancellationToken ct)
    {
        var made = 0;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                made += await (Random.Shared.Next(2) == 0 ? SaveRulesAsync(customer) : MoveAsync(customer)) ? 1 : 0;
            }
            catch (TooManyChangesException)
            {
                // Sixty of a kind in a minute is the most: nothing was changed, and later it goes on.
            }

            await Task.Delay(Random.Shared.Next(60), ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return made;
    }

    private async Task<bool> SaveRulesAsync(ACustomer customer)
    {
        var port = Random.Shared.Next(1024, 65536);
        NewRule[] rules =
        [
            new(RuleDirection.Inbound, TransportProtocol.Tcp, port, port, NewRule.Anywhere, null),
            new(RuleDirection.Outbound, TransportProtocol.All, 0, SecurityGroupRule.LastPort, NewRule.Anywhere, null),
        ];
        var saved = await new SecurityGroups(this, TimeProvider.System).SaveRulesAsync(customer.Actor, customer.GroupId, rules, Ct);
        Assert.Null(saved.Reason);
        ports[customer.GroupId] = port;
        return true;
    }

    private async Task<bool> MoveAsync(ACustomer customer)
    {
        var (volume, change) = (customer.Volumes[Random.Shared.Next(customer.Volumes.Count)], new ChangeVolume(this, TimeProvider.System));
        var holder = holders.GetValueOrDefault(volume, "");
        var target = holder.Length == 0 ? customer.Instances[Random.Shared.Next(customer.Instances.Count)] : "";
        try
        {
            var done =
                target.Length == 0
                    ? await change.DetachAsync(customer.Actor, volume, Ct)
                    : await change.AttachAsync(customer.Actor, volume, target, deleteOnTermination: false, Ct);
            if (done.Outcome.IsDone)
            {
                holders[volume] = target;
            }

            return done.Outcome.IsDone;
        }
        catch (DbUpdateConcurrencyException)
        {
            return false; // a worker wrote at the same moment; a customer would click again
        }
    }

    private async Task AsSaidAsync()
    {
        await using var db = CreateDbContext();
        foreach (var (groupId, port) in ports)
        {
            Assert.Equal(
                port,
                (await db.SecurityGroups.Include(group => group.Rules).SingleAsync(group => group.Id == groupId, Ct))
                    .Rules.Single(rule => rule.Direction is RuleDirection.Inbound)
                    .FromPort
            );
        }

        foreach (var (volume, holder) in holders)
        {
            Assert.Equal(holder, (await db.Volumes.SingleAsync(row => row.Id == volume, Ct)).InstanceId ?? "");
        }
    }

    private async Task<List<Unfinished>> UnsettledAsync()
    {
        await using var db = CreateDbContext();
        return await Unfinished.InRegionsAsync(db, Ct);
    }

    private sealed record ACustomer(Actor Actor, string GroupId, IReadOnlyList<string> Instances, IReadOnlyList<string> Volumes);
}
