using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Npgsql;
using Portal.Model.Shared;
using Portal.Operators;
using Portal.Tests.Shared;

[assembly: AssemblyFixture(typeof(TestPostgres))]

namespace Portal.Tests.Shared;

/// <summary>
/// The tests' own PostgreSQL: a cluster in a temporary folder, started at the first use, removed at the end. A migrated database is the
/// template from which each test class (or test) gets its own, and gives it back: a few hundred files each, so they lie in memory if there
/// is room.
/// </summary>
public sealed class TestPostgres : IAsyncLifetime
{
    // Of each role in each cluster, by the port.
    private static readonly ConcurrentDictionary<(int Port, string Role), string> Passwords = new();

    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly string name = $"portal-test-pg-{Environment.ProcessId}-{Guid.NewGuid():N}"[..32];
    private string folder = "";
    private string? server;
    private int count;

    /// <summary>
    /// Writes wait for the disk, as in production. The tests' own cluster is to be fast and may lose everything in a crash of the machine.
    /// </summary>
    public bool Durable { get; init; }

    /// <summary>Where its folder is made, if a test wants a disk of its own for it.</summary>
    public string? Home { get; init; }

    /// <summary>The repository's top folder.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>
    /// What wraps the key ring in all databases of this run. The worker under fire, which is a process of its own, is told the file by its
    /// environment.
    /// </summary>
    public static string KeyRingFile { get; } = Environment.GetEnvironmentVariable("KeyRing__File") ?? MakeKeyRingFile();

    /// <summary>What a command of the program has of its services, on whatever database and with whatever wraps the key ring.</summary>
    public static ServiceProvider ServicesOf(string connection, string? keyRingFile, string environment = "Development")
    {
        var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddPortalDb(connection)
            .AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = environment })
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new("KeyRing:File", keyRingFile)]).Build());
        services.AddKeyRing();
        return services.BuildServiceProvider();
    }

    /// <summary>A new, migrated, empty database; its connection string, as its owner: for what a test arranges and looks at.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        await gate.WaitAsync();
        try
        {
            server ??= await StartAsync();
            var database = $"test_{++count}";
            await ExecuteAsync(server, $"CREATE DATABASE {database} TEMPLATE template_portal OWNER portal_owner");
            return As("owner", new NpgsqlConnectionStringBuilder(server) { Database = database, MaxPoolSize = 40 }.ConnectionString);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The same without tables, for what <c>migrate</c> or a dump makes of it.</summary>
    public async Task<string> CreateEmptyDatabaseAsync()
    {
        await gate.WaitAsync();
        try
        {
            server ??= await StartAsync();
            var database = $"test_{++count}";
            await ScriptAsync("database", database);
            return As("owner", new NpgsqlConnectionStringBuilder(server) { Database = database, MaxPoolSize = 40 }.ConnectionString);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Writes all that is in a database into a file, as <c>bin/backup</c> does.</summary>
    public Task DumpAsync(string connection, string file) => WithFileAsync("dump", connection, '>', file);

    /// <summary>Reads that into an empty one, as <c>bin/restore</c> does.</summary>
    public Task LoadAsync(string connection, string file) => WithFileAsync("load", connection, '<', file);

    /// <summary>
    /// The same database for another role: <c>owner</c>, <c>web</c> or <c>worker</c>. What is no database of the tests stays as it is.
    /// </summary>
    public static string As(string role, string connection)
    {
        var builder = new NpgsqlConnectionStringBuilder(connection);
        return Passwords.TryGetValue((builder.Port, role), out var password)
            ? new NpgsqlConnectionStringBuilder(connection) { Username = $"portal_{role}", Password = password }.ConnectionString
            : connection;
    }

    /// <summary>The same for the cluster's administrator, a superuser.</summary>
    public string AsAdministrator(string connection) =>
        new NpgsqlConnectionStringBuilder(server!) { Database = new NpgsqlConnectionStringBuilder(connection).Database }.ConnectionString;

    /// <summary>Runs a verb of bin/postgres on this cluster.</summary>
    public Task<string> ScriptAsync(string verb, params string[] arguments) => RunAsync("bin/postgres", [verb, folder, .. arguments]);

    /// <summary>Removes one that <see cref="CreateDatabaseAsync"/> made.</summary>
    public Task DropDatabaseAsync(string connection) =>
        ExecuteAsync(server!, $"DROP DATABASE {new NpgsqlConnectionStringBuilder(connection).Database} WITH (FORCE)");

    /// <summary>Whether anybody can reach a database; who is in it is thrown out.</summary>
    public Task LetInAsync(string connection, bool anybody)
    {
        var database = new NpgsqlConnectionStringBuilder(connection).Database;
        return ExecuteAsync(
            server!,
            $"""
            ALTER DATABASE {database} ALLOW_CONNECTIONS {anybody};
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND NOT {anybody}
            """
        );
    }

    /// <summary>Stops the server as a crash would and starts it again. For tests that own the whole run only.</summary>
    public async Task RestartAsync()
    {
        await RunAsync("bin/postgres", "stop", folder);
        await StartAgainAsync();
    }

    /// <summary>After it has ended.</summary>
    public Task StartAgainAsync() =>
        RunAsync(
            "bin/postgres",
            "start",
            folder,
            new NpgsqlConnectionStringBuilder(server!).Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            "max_connections=500"
        );

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            NpgsqlConnection.ClearAllPools();
            await RunAsync("bin/postgres", "stop", folder);
            Directory.Delete(folder, recursive: true);
        }

        gate.Dispose();
    }

    /// <summary>A port of the loopback that nothing listens at.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Runs a program of the repository and returns what it printed; throws with its errors if it fails.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository, program), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;

        // A server that the program leaves behind may keep the pipes open: wait for the program, not for their end.
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"{program} failed: {await errors}");
    }

    private Task<string> WithFileAsync(string verb, string connection, char direction, string file) =>
        RunAsync(
            "/usr/bin/env",
            "bash",
            "-euc",
            $"""bin/postgres "$1" "$2" "$3" {direction} "$4" """,
            "sh",
            verb,
            folder,
            new NpgsqlConnectionStringBuilder(connection).Database!,
            file
        );

    private async Task<string> StartAsync()
    {
        var port = FreePort();
        folder = Path.Combine(Home ?? (Durable ? null : InMemory()) ?? Path.GetTempPath(), name);
        await RunAsync(
            "bin/postgres",
            [
                "start",
                folder,
                port.ToString(System.Globalization.CultureInfo.InvariantCulture),
                "max_connections=500",
                .. Durable ? Array.Empty<string>() : ["fsync=off", "synchronous_commit=off", "full_page_writes=off"],
            ]
        );
        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = "portal",
            Password = (await RunAsync("bin/postgres", "password", folder)).Trim(),
            Database = "postgres",
            IncludeErrorDetail = true,
        }.ConnectionString;
        foreach (var role in (string[])["owner", "web", "worker"])
        {
            Passwords[(port, role)] = (await RunAsync("bin/postgres", "password", folder, role)).Trim();
        }

        await RunAsync("bin/postgres", "database", folder, "template_portal");
        var template = As(
            "owner",
            new NpgsqlConnectionStringBuilder(connection) { Database = "template_portal", Pooling = false }.ConnectionString
        );
        using var errors = new StringWriter();
        await using (var services = ServicesOf(template, KeyRingFile))
        {
            Assert.True(await Commands.MigrateAsync(services, errors, CancellationToken.None) == 0, errors.ToString());
        }

        return connection;
    }

    /// <summary>A folder in memory, where there is one with room for all that is there at one time.</summary>
    private static string? InMemory()
    {
        const string Folder = "/dev/shm";
        return Directory.Exists(Folder) && new DriveInfo(Folder).AvailableFreeSpace >= 2L << 30 ? Folder : null;
    }

    private static async Task ExecuteAsync(string connection, string sql)
    {
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connection) { Pooling = false }.ConnectionString
        );
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static string MakeKeyRingFile()
    {
        var file = Path.Combine(Path.GetTempPath(), $"portal-test-key-ring-{Guid.NewGuid():N}");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(file);
        WrappingKeys.Add(file);
        return file;
    }

    private static string FindRepository()
    {
        var top = new DirectoryInfo(AppContext.BaseDirectory);
        while (top is not null && !File.Exists(Path.Combine(top.FullName, "Portal.sln")))
        {
            top = top.Parent;
        }

        return top?.FullName ?? throw new InvalidOperationException("The tests must run from inside the repository.");
    }
}
