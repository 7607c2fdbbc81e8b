using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.EndToEnd;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>
/// All of <c>bin/up</c> is lost and comes back from <c>bin/backup</c>'s file. Some minutes: in <c>bin/test --chaos</c> only.
/// </summary>
[Trait("Needs", "engine")]
[Trait("Length", "long")]
public sealed class RestoredMachineTests
{
    private static readonly TimeSpan BootPatience = TimeSpan.FromMinutes(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_that_ran_when_the_backup_was_made_runs_again_with_its_disk_and_its_account_after_all_was_lost()
    {
        await using var up = new BinUp();
        up.PretendDebian();
        await up.StartAsync();
        string id,
            hostKey;
        await using (var database = await DatabaseAsync(up))
        {
            id = await CreateAsync(database);
            hostKey = (await RunsAsync(database, id)).HostKey!;
        }

        var file = Path.Combine(up.Home, "saved");
        var saved = await up.RunAsync("bin/backup", file);
        Assert.True(saved.Code == 0, saved.Errors);
        await up.StopAsync();
        Assert.Equal(0, (await up.ResetAsync()).Code);
        Assert.False(Directory.Exists(up.State));

        var restored = await up.RunAsync("bin/restore", file);
        Assert.True(restored.Code == 0, restored.Errors);
        var restarted = TimeProvider.System.GetUtcNow();
        Assert.Contains("Nothing is charged until an operator says", await up.StartAsync(), StringComparison.Ordinal);
        await using (var database = await DatabaseAsync(up))
        {
            // The key was made at the very first start and lies on the disk.
            Assert.Equal(hostKey, (await RunsAsync(database, id, since: restarted)).HostKey);
            await using var db = database.CreateDbContext();
            Assert.True(await db.IsUnreconciledAsync(Ct));
        }
    }

    private static async Task<string> CreateAsync(Database database)
    {
        var actor = await AnAccount.ReadyAsync(database);
        await Until.TrueAsync(
            async () =>
            {
                await using var db = database.CreateDbContext();
                return await db.Images.AnyAsync(image => image.FileName == "tiny.qcow2" && image.State == ImageState.Available, Ct)
                    && await db.Regions.AnyAsync(region => region.FreeVcpus > 0, Ct);
            },
            BootPatience
        );
        var image = await RunningMachines.ReadyToCreateAsync(database, actor.AccountId);
        var made = await new CreateInstance(database, TimeProvider.System).RunAsync(actor, AnAccount.Wish(image), Ct);
        Assert.Null(made.Reason);
        await using var read = database.CreateDbContext();
        return await read
            .Instances.Where(instance => instance.AccountId == actor.AccountId)
            .Select(instance => instance.Id)
            .SingleAsync(Ct);
    }

    /// <summary>Until its ssh answers, from this moment on.</summary>
    private static async Task<Instance> RunsAsync(Database database, string id, DateTimeOffset? since = null)
    {
        Instance? seen = null;
        await Until.TrueAsync(
            async () =>
            {
                await using var db = database.CreateDbContext();
                seen = await db.Instances.AsNoTracking().SingleAsync(instance => instance.Id == id, Ct);
                return seen is { State: InstanceState.Running, HostKey: not null } && seen.SshAt > (since ?? DateTimeOffset.MinValue);
            },
            BootPatience,
            () => $"It is {seen?.State}, its ssh answered at {seen?.SshAt}."
        );
        return seen!;
    }

    private static async Task<Database> DatabaseAsync(BinUp up) =>
        new(
            new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = up.Port + 4,
                Username = "portal_owner",
                Password = (await TestPostgres.RunAsync("bin/postgres", "password", Path.Combine(up.State, "postgres"), "owner")).Trim(),
                Database = "portal",
                Pooling = false,
            }.ConnectionString
        );

    private sealed class Database(string connection) : IDbContextFactory<PortalDb>, IAsyncDisposable
    {
        private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(connection);

        public PortalDb CreateDbContext()
        {
            var options = new DbContextOptionsBuilder<PortalDb>();
            PortalDbSetup.Configure(options, source);
            return new PortalDb(options.Options);
        }

        public ValueTask DisposeAsync() => source.DisposeAsync();
    }
}
