using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// The disk on which the database lies runs full in the middle of customers' work, until PostgreSQL itself ends; then there is room again.
/// On a disk of its own, in memory, for which the test has to be root.
/// </summary>
[Trait("Needs", "engine")]
[Trait("Length", "long")]
public sealed class FullDiskTests : IAsyncLifetime
{
    private const int Instances = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly DirectoryInfo disk = Directory.CreateTempSubdirectory("portal-test-disk-");
    private readonly InMemoryEngine engine = new() { ObservationsUntilSsh = 3 };
    private TestPostgres postgres = null!;
    private OwnDatabase database = null!;

    private string Filler => Path.Combine(disk.FullName, "filler");

    public async ValueTask InitializeAsync()
    {
        await TestEngine.RunAsync("mount", "-t", "tmpfs", "-o", "size=600m,mode=755", "tmpfs", disk.FullName);
        postgres = new TestPostgres { Home = disk.FullName };
        database = new OwnDatabase(postgres);
        await database.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        File.Delete(Filler);
        await database.DisposeAsync();
        await postgres.DisposeAsync();
        await TestEngine.RunAsync("umount", disk.FullName);
        disk.Delete();
    }

    [Fact]
    public async Task What_is_asked_for_then_did_not_go_through_or_goes_on_by_itself_and_nothing_is_lost_or_billed_twice()
    {
        await using var web = await PortalServer.StartAsync(database.Connection);
        await using var worker = await WorkerServer.StartAsync(database.Connection, engine);
        var ada = await web.AddPersonAsync();
        var actor = new Actor(ada.AccountId, ada.UserId, ada.Email, IPAddress.Loopback);
        var image = await RunningMachines.ReadyToCreateAsync(database, ada.AccountId);
        await using (var db = database.CreateDbContext())
        {
            await db
                .Accounts.Where(account => account.Id == ada.AccountId)
                .ExecuteUpdateAsync(
                    set => set.SetProperty(account => account.InstanceLimit, 100).SetProperty(account => account.VcpuLimit, 100),
                    Ct
                );
        }

        var create = web.Services.GetRequiredService<CreateInstance>();
        Assert.Null((await create.RunAsync(actor, AnAccount.Wish(image, Instances), Ct)).Reason);
        using var client = await web.NewClientAsync(ada);

        // While they start: no table can grow any more, then no log either, and PostgreSQL ends itself.
        await FillAsync();
        var refused = 0;
        var token = Guid.NewGuid().ToString("N");
        await Until.TrueAsync(
            async () =>
            {
                refused += await IsRefusedAsync(() => create.RunAsync(actor, AnAccount.Wish(image, 1, token) with { Name = "late" }, Ct))
                    ? 1
                    : 0;
                using var page = await client.GetAsync("/instances");
                Assert.Equal(
                    page.StatusCode is HttpStatusCode.OK ? "Instances" : "Back in a moment",
                    (await FormClient.ReadAsync(page)).QuerySelector("h1")?.TextContent
                );
                await SwitchLogAsync();
                return page.StatusCode is HttpStatusCode.ServiceUnavailable;
            },
            Patience
        );
        Assert.NotEqual(0, refused);

        File.Delete(Filler);
        await postgres.RestartAsync();
        await Until.TrueAsync(
            async () => !await IsRefusedAsync(() => create.RunAsync(actor, AnAccount.Wish(image, 1, token) with { Name = "late" }, Ct)),
            Patience
        );
        await Until.TrueAsync(
            async () =>
            {
                // The test's own connections were broken too.
                var isSettled = false;
                return !await IsRefusedAsync(async () =>
                    {
                        await using var db = database.CreateDbContext();
                        isSettled = (await db.Instances.AsNoTracking().ToListAsync(Ct)).TrueForAll(instance => !instance.IsUnsettled);
                    }) && isSettled;
            },
            Patience
        );
        await using (var db = database.CreateDbContext())
        {
            Assert.Equal(Instances + 1, await db.Instances.CountAsync(instance => instance.State == InstanceState.Running, Ct));
        }

        await new ThreeTruths(database) { Engine = engine }.AgreeAsync(web);
    }

    private async Task FillAsync()
    {
        await using var filler = new FileStream(Filler, FileMode.Create, FileAccess.Write);
        var zeros = new byte[1 << 20];
        try
        {
            while (true)
            {
                await filler.WriteAsync(zeros, Ct);
                await filler.FlushAsync(Ct);
            }
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    /// <summary>The next piece of the log, for which there is no room.</summary>
    private async Task SwitchLogAsync()
    {
        try
        {
            await using var source = NpgsqlDataSource.Create(
                new NpgsqlConnectionStringBuilder(database.Administrator) { Pooling = false }.ConnectionString
            );
            await using var command = source.CreateCommand("SELECT pg_switch_wal()");
            await command.ExecuteNonQueryAsync(Ct);
        }
        catch (NpgsqlException)
        {
            // That was the end of it.
        }
    }

    /// <summary>By the database that is full, or away; pages know these from mistakes of ours.</summary>
    private static async Task<bool> IsRefusedAsync(Func<Task> request)
    {
        try
        {
            await request();
            return false;
        }
        catch (Exception error) when (Portal.Shared.DatabaseAway.Is(error))
        {
            return true;
        }
    }

    private sealed class OwnDatabase(TestPostgres postgres) : TestDatabase(postgres)
    {
        public string Connection => ConnectionString;

        public string Administrator => AsAdministrator;
    }
}
