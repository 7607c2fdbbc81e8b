using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>(a) From the commit of a create to the first call that the engine gets, through Hangfire and a real worker.</summary>
internal static class ClickToEngine
{
    private const int Creates = 200;

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        var engine = new InMemoryEngine();
        var firstCall = new TaskCompletionSource<long>();
        engine.Hook = (call, point, _) =>
        {
            if (point is FaultPoint.Before && call == nameof(INetworkEngine.EnsureNetworkAsync))
            {
                firstCall.TrySetResult(Stopwatch.GetTimestamp());
            }

            return Task.CompletedTask;
        };
        await using var web = await PortalServer.StartAsync(database);
        await using var worker = await WorkerServer.StartAsync(database, engine);
        var dbs = web.Services.GetRequiredService<IDbContextFactory<PortalDb>>();
        var actor = await AnAccount.ReadyAsync(dbs, instanceLimit: 10_000);
        var image = await TheImageAsync(dbs);
        var create = web.Services.GetRequiredService<CreateInstance>();

        var samples = new List<double>();
        var notices = new List<double>();
        for (var i = 0; i < Creates + 10; i++)
        {
            // No account may create so much in a minute.
            actor = i % 50 == 49 ? await AnAccount.ReadyAsync(dbs, instanceLimit: 10_000) : actor;
            firstCall = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            var made = await create.RunAsync(actor, AnAccount.Wish(image), default);
            var committed = Stopwatch.GetTimestamp();
            samples.Add(Stopwatch.GetElapsedTime(committed, await firstCall.Task).TotalMilliseconds);
            await GoneAsync(dbs, actor.AccountId, made.Value ?? throw new InvalidOperationException(made.Reason));
            notices.Add(await NotifyAsync(web, dbs));
        }

        // The first few warm both processes up.
        return
        [
            new Figure(
                "(a) committed click → first engine call, 200 creates, p95",
                Figure.Percentile(samples.Skip(10), 0.95),
                "ms",
                Figure.Percentile(notices.Skip(10), 0.95),
                100
            ),
        ];
    }

    private static async Task<Image> TheImageAsync(IDbContextFactory<PortalDb> dbs)
    {
        Image? image = null;
        await Until.TrueAsync(async () =>
        {
            await using var db = await dbs.CreateDbContextAsync();
            image = await db.Images.FirstOrDefaultAsync(known => known.State == ImageState.Available);
            return image is not null && await db.Regions.AnyAsync(region => region.FreeVcpus > 0);
        });
        return image!;
    }

    /// <summary>The next create finds the place as empty as this one did.</summary>
    private static async Task GoneAsync(IDbContextFactory<PortalDb> dbs, string accountId, IReadOnlyList<Instance> made)
    {
        await using (var db = await dbs.CreateDbContextAsync())
        {
            foreach (
                var known in await db
                    .Instances.Where(instance => instance.AccountId == accountId && instance.State != InstanceState.Terminated)
                    .ToListAsync()
            )
            {
                known.RequestTerminate(TimeProvider.System.GetUtcNow());
            }

            try
            {
                await db.SaveChangesAsync();
            }
            catch (DbUpdateConcurrencyException)
            {
                await GoneAsync(dbs, accountId, made);
                return;
            }
        }

        await Until.TrueAsync(async () =>
        {
            await using var db = await dbs.CreateDbContextAsync();
            return !await db.Instances.AnyAsync(instance => instance.AccountId == accountId && instance.State != InstanceState.Terminated);
        });
    }

    /// <summary>The baseline: a durable single-row update and the notification that its trigger sends, in milliseconds.</summary>
    private static async Task<double> NotifyAsync(PortalServer web, IDbContextFactory<PortalDb> dbs)
    {
        var heard = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = web
            .Services.GetRequiredService<Changes>()
            .Subscribe(
                change => change.Table == "Regions",
                _ =>
                {
                    heard.TrySetResult(Stopwatch.GetTimestamp());
                    return Task.CompletedTask;
                }
            );
        var start = Stopwatch.GetTimestamp();
        await using var db = await dbs.CreateDbContextAsync();
        await db.Regions.ExecuteUpdateAsync(region => region.SetProperty(row => row.Name, row => row.Name));
        return Stopwatch.GetElapsedTime(start, await heard.Task).TotalMilliseconds;
    }
}
