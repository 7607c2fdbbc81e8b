using System.Diagnostics;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.EndToEnd;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Libvirt;
using Portal.Worker.Networking;

namespace Portal.Tests.Bench;

/// <summary>
/// (f) From the save of a security group's rules until the real engine has them, in a network of 100 groups of 20 rules with a member each;
/// turn by turn with it <c>nft</c> loads the very same text by hand.
/// </summary>
internal static class RuleChange
{
    private const int Groups = 100;
    private const int Rules = 20;
    private const int Saves = 40;

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var engine = new TestEngine();
        await engine.InitializeAsync();
        await using var portal = await WholePortal.StartAsync(database, engine);
        var dbs = portal.Web.Services.GetRequiredService<IDbContextFactory<PortalDb>>();
        var actor = await AnAccount.ReadyAsync(dbs);
        await using var db = await dbs.CreateDbContextAsync();
        var network = await db.Networks.AsNoTracking().SingleAsync(network => network.AccountId == actor.AccountId);
        var groups = await FillAsync(portal, dbs, actor, network);

        var (saves, loads) = (new List<double>(), new List<double>());
        for (var round = 0; round < Saves + 5; round++)
        {
            saves.Add(await SaveAsync(portal, dbs, actor, groups[round % groups.Count], round));
            loads.Add(await LoadByHandAsync(engine, dbs, network.Id));
        }

        // The first few warm both processes up.
        return
        [
            new Figure(
                "(f) saved rules → applied, 100 groups of 20 rules, p95",
                Figure.Percentile(saves.Skip(5), 0.95),
                "ms",
                Figure.Percentile(loads.Skip(5), 0.95),
                1000
            ),
        ];
    }

    /// <summary>The groups and one stopped instance in each: its interface is known to the network like that of one that runs.</summary>
    private static async Task<List<string>> FillAsync(WholePortal portal, IDbContextFactory<PortalDb> dbs, Actor actor, Network network)
    {
        var (verbs, made) = (portal.Web.Services.GetRequiredService<SecurityGroups>(), new List<string>());
        for (var index = 0; index < Groups; index++)
        {
            // As Portal: no person may make so many in a minute.
            var group = await verbs.CreateAsync(
                actor with
                {
                    UserId = Guid.Empty,
                },
                network.Id,
                $"group-{index:D3}",
                RulesOf(index),
                default
            );
            made.Add((group.Value ?? throw new InvalidOperationException(group.Reason)).Id);
        }

        await using var db = await dbs.CreateDbContextAsync();
        await Fleet.AddAsync(db, actor.AccountId, Groups, running: false);
        foreach (
            var (networkInterface, index) in (
                await db
                    .NetworkInterfaces.Include(networkInterface => networkInterface.Groups)
                    .Where(networkInterface => networkInterface.AccountId == actor.AccountId)
                    .ToListAsync()
            ).Select((networkInterface, index) => (networkInterface, index))
        )
        {
            networkInterface.SetGroups([made[index]]);
        }

        await db.SaveChangesAsync();
        await SaveAsync(portal, dbs, actor, made[0], 0);
        return made;
    }

    private static async Task<double> SaveAsync(WholePortal portal, IDbContextFactory<PortalDb> dbs, Actor actor, string groupId, int round)
    {
        var start = Stopwatch.GetTimestamp();
        var saved = await portal
            .Web.Services.GetRequiredService<SecurityGroups>()
            .SaveRulesAsync(actor, groupId, RulesOf(1000 + round), default);
        var group = saved.Value ?? throw new InvalidOperationException(saved.Reason);
        await Until.TrueAsync(async () =>
        {
            await using var db = await dbs.CreateDbContextAsync();
            return await db.SecurityGroups.AnyAsync(row =>
                row.Id == groupId && row.Generation == group.Generation && row.AppliedAt != null
            );
        });
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async Task<double> LoadByHandAsync(TestEngine engine, IDbContextFactory<PortalDb> dbs, string networkId)
    {
        await using var db = await dbs.CreateDbContextAsync();
        var network = await db.Networks.AsNoTracking().Include(network => network.Subnets).SingleAsync(network => network.Id == networkId);
        var text = NetworkRules.Router(await NetworkReading.SpecAsync(db, network, default), UplinkLimits.Default);
        var start = Stopwatch.GetTimestamp();
        await Command.RunAsync("ip", ["netns", "exec", engine.Settings.Router(networkId), "nft", "-f", "-"], default, text);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Rules that are nobody else's, in both directions.</summary>
    private static List<NewRule> RulesOf(int seed) =>
        [
            .. Enumerable
                .Range(0, Rules)
                .Select(rule => new NewRule(
                    rule < Rules - 4 ? RuleDirection.Inbound : RuleDirection.Outbound,
                    TransportProtocol.Tcp,
                    1000 + (seed * 7 % 20_000) + rule,
                    30_000 + rule,
                    $"{new IPAddress([10, (byte)rule, (byte)(seed % 250), 0])}/24",
                    null
                )),
        ];
}
