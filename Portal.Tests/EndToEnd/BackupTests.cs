using System.Globalization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Operators;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.EndToEnd;

/// <summary><c>bin/backup</c> and <c>bin/restore</c>, without machines: those are in <see cref="Faults.RestoredMachineTests"/>.</summary>
[Trait("Needs", "database")]
public sealed class BackupTests : IAsyncLifetime
{
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("portal-test-backup-");

    private readonly Dictionary<string, int> ports = new(StringComparer.Ordinal);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Saved => Path.Combine(home.FullName, "saved");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Also where a test failed in the middle.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var state in ports.Keys.Where(state => Directory.Exists(Path.Combine(state, "postgres"))))
        {
            await PostgresAsync("stop", state);
        }

        home.Delete(recursive: true);
    }

    [Fact]
    public async Task What_was_backed_up_comes_back_into_an_empty_folder_with_its_key_only_and_is_to_be_reconciled()
    {
        var (first, second) = (await AState("first"), await AState("second", isEmpty: true));
        var failed = await RunAsync("bin/backup", first, Saved);
        Assert.Equal(1, failed.Code); // there is no database yet
        Assert.Empty(Directory.GetFiles(home.FullName));
        await PostgresAsync("database", first, "portal");
        string account,
            @sealed;
        await using (var services = Services(first, await OwnerAsync(first)))
        {
            Assert.Equal(0, await Commands.MigrateAsync(services, TextWriter.Null, Ct));
            await using var db = services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContext();
            account = (await Tenant.AddAsync(db)).Account.Id;
            @sealed = services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test").Protect("a secret");
        }

        await SaveAsync(first);
        await PostgresAsync("stop", first);
        await File.WriteAllTextAsync(Path.Combine(home.FullName, "other.key"), Convert.ToBase64String(new byte[32]), Ct);
        Assert.Equal(
            (1, $"bin/restore: {home.FullName}/other.key does not hold the key with which this backup was made."),
            await RefusedAsync(second, Saved, Path.Combine(home.FullName, "other.key"))
        );
        Assert.Equal(
            (1, $"bin/restore: {first} is not empty: forget what is there (bin/up --reset), or name another folder with PORTAL_STATE."),
            await RefusedAsync(first, Saved)
        );

        var restored = await RunAsync("bin/restore", second, Saved);
        Assert.True(restored.Code == 0, restored.Errors);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Path.Combine(second, "run", "key-ring")) & ~OwnersAlone);
        await PostgresAsync("start", second, PortOf(second).ToString(CultureInfo.InvariantCulture));
        await using (var services = Services(second, await OwnerAsync(second)))
        {
            Assert.Equal(0, await Commands.MigrateAsync(services, TextWriter.Null, Ct));
            Assert.Equal(
                0,
                await Commands.RestoredAsync(
                    services,
                    (await File.ReadAllTextAsync(Path.Combine(second, "run", "restored"), Ct)).Trim(),
                    TextWriter.Null,
                    Ct
                )
            );
            await using var db = services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContext();
            Assert.Equal([account], await db.Accounts.Select(row => row.Id).ToListAsync(Ct));
            Assert.Equal("a secret", services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test").Unprotect(@sealed));
            Assert.True(await db.IsUnreconciledAsync(Ct));
        }

        await PostgresAsync("stop", second);
    }

    [Theory]
    [InlineData("portal-backup=2", "has format 2, and this version of Portal reads format 1: restore it with the version that made it.")]
    [InlineData("something else", "is no backup that bin/backup made.")]
    public async Task A_file_of_another_format_is_refused_with_a_sentence(string format, string why)
    {
        await File.WriteAllTextAsync(Path.Combine(home.FullName, "format"), format + "\n", Ct);
        await TestEngine.RunAsync("tar", "--zstd", "-cf", Saved, "-C", home.FullName, "format");
        Assert.Equal((1, $"bin/restore: {Saved} {why}"), await RefusedAsync(await AState("second", isEmpty: true), Saved));
    }

    [Fact]
    public async Task A_backup_without_its_key_is_refused_before_anything_is_made()
    {
        await File.WriteAllTextAsync(Path.Combine(home.FullName, "format"), "portal-backup=1\n", Ct);
        await TestEngine.RunAsync("tar", "--zstd", "-cf", Saved, "-C", home.FullName, "format");
        var state = await AState("second", isEmpty: true);
        Assert.Equal(
            (1, $"bin/restore: The key that belongs to the backup cannot be read: {Saved}.key. Name its file: bin/restore FILE KEY"),
            await RefusedAsync(state, Saved)
        );
        Assert.False(Directory.Exists(state));
    }

    [Fact]
    public async Task Without_a_running_Portal_nothing_is_backed_up() =>
        Assert.Equal(
            (
                1,
                $"bin/backup: There is no Portal running with {Path.Combine(home.FullName, "second")}: a backup is made while bin/up runs."
            ),
            Last(await RunAsync("bin/backup", await AState("second", isEmpty: true), Saved))
        );

    /// <summary>
    /// Twice: the second one finds FILE there, and makes nothing of it. Only the owner reads either file, and what somebody else had put
    /// into the folder under a name that could be guessed leads nowhere.
    /// </summary>
    private async Task SaveAsync(string state)
    {
        var (victim, traps) = (Path.Combine(state, "victim"), new[] { $"{Saved}.partial", $"{Saved}.key.partial" });
        await File.WriteAllTextAsync(victim, "kept", Ct);
        foreach (var trap in traps)
        {
            File.CreateSymbolicLink(trap, victim);
        }

        var saved = await RunAsync("bin/backup", state, Saved);
        Assert.True(saved.Code == 0, saved.Errors);
        Assert.Equal("kept", await File.ReadAllTextAsync(victim, Ct));
        Array.ForEach(traps, File.Delete);
        Assert.Equal((OwnersAlone, OwnersAlone), (File.GetUnixFileMode(Saved), File.GetUnixFileMode($"{Saved}.key")));
        Assert.Equal((1, $"bin/backup: {Saved} is there already; name another file."), Last(await RunAsync("bin/backup", state, Saved)));
        Assert.Equal([Saved, $"{Saved}.key"], Directory.GetFiles(home.FullName).Order(StringComparer.Ordinal));
    }

    /// <summary>What bin/up would have made, as far as a database needs it.</summary>
    private async Task<string> AState(string name, bool isEmpty = false)
    {
        var state = Path.Combine(home.FullName, name);
        if (!isEmpty)
        {
            Directory.CreateDirectory(Path.Combine(state, "run"));
            WrappingKeys.Add(Path.Combine(state, "run", "key-ring"));
            await PostgresAsync("start", state, PortOf(state).ToString(CultureInfo.InvariantCulture));
        }

        return state;
    }

    private int PortOf(string state) => ports.TryGetValue(state, out var port) ? port : ports[state] = TestPostgres.FreePort();

    private static Task<string> PostgresAsync(string verb, string state, params string[] arguments) =>
        TestPostgres.RunAsync("bin/postgres", [verb, Path.Combine(state, "postgres"), .. arguments]);

    private async Task<string> OwnerAsync(string state) =>
        new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = PortOf(state),
            Username = "portal_owner",
            Password = (await PostgresAsync("password", state, "owner")).Trim(),
            Database = "portal",
            Pooling = false,
        }.ConnectionString;

    private static ServiceProvider Services(string state, string connection) =>
        TestPostgres.ServicesOf(connection, Path.Combine(state, "run", "key-ring"));

    private async Task<(int Code, string Said)> RefusedAsync(string state, params string[] arguments) =>
        Last(await RunAsync("bin/restore", state, arguments));

    private static (int Code, string Said) Last((int Code, string Output, string Errors) ended) =>
        (ended.Code, ended.Errors.Split('\n')[^1]);

    private Task<(int Code, string Output, string Errors)> RunAsync(string program, string state, params string[] arguments) =>
        BinUp.RunAsync(program, arguments, state, PortOf(state) - 4);
}
