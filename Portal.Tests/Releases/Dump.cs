using System.Text.Json;
using Npgsql;
using Portal.Model.Shared;
using Portal.Operators;
using Portal.Tests.Shared;

namespace Portal.Tests.Releases;

/// <summary>
/// A database of one version with a row of everything, as files: what <c>pg_dump</c> wrote, the key that wraps its key ring, which was made
/// for it and opens nothing else, and what is known of it. Those of releases lie beside this file (docs/decisions/releases.md).
/// </summary>
internal sealed class Dump(string folder)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private string Database => Path.Combine(folder, "database");

    private string Key => Path.Combine(folder, "key-ring");

    private string About => Path.Combine(folder, "noted.json");

    /// <summary>Those of the released versions, by the name of each.</summary>
    public static IEnumerable<string> Released =>
        Directory
            .EnumerateDirectories(Path.Combine(TestPostgres.Repository, "Portal.Tests", "Releases"))
            .Where(folder => File.Exists(Path.Combine(folder, "database")))
            .Select(folder => Path.GetFileName(folder)!);

    public static Dump Of(string version) => new(Path.Combine(TestPostgres.Repository, "Portal.Tests", "Releases", version));

    /// <summary><c>Portal.Tests dump FOLDER</c>: makes one of this version.</summary>
    public static async Task<int> RunAsync(string folder)
    {
        TestLog.Begin();
        await using var postgres = new TestPostgres();
        await new Dump(folder).MakeAsync(postgres);
        return 0;
    }

    public async Task MakeAsync(TestPostgres postgres)
    {
        Directory.CreateDirectory(folder);
        File.Delete(Key);
        WrappingKeys.Add(Key);
        var database = await postgres.CreateEmptyDatabaseAsync();
        await MigrateAsync(database, Key);
        await File.WriteAllTextAsync(About, JsonSerializer.Serialize(await Everything.MakeAsync(database, Key), Indented) + "\n");
        await postgres.DumpAsync(database, Database);
        await postgres.DropDatabaseAsync(database);
    }

    public async Task<Noted> NotedAsync() => JsonSerializer.Deserialize<Noted>(await File.ReadAllTextAsync(About))!;

    /// <summary>A database as it was; its connection string, as its owner.</summary>
    public async Task<string> LoadAsync(TestPostgres postgres)
    {
        var database = await postgres.CreateEmptyDatabaseAsync();
        await postgres.LoadAsync(database, Database);
        return database;
    }

    /// <summary>Brings it to the version of this checkout, as the program would.</summary>
    public Task MigrateAsync(string database) => MigrateAsync(database, Key);

    /// <summary>A program's settings by which it opens what is sealed there.</summary>
    public (string Key, string Value) KeyRing => ("KeyRing:File", Key);

    private static async Task MigrateAsync(string database, string key)
    {
        using var errors = new StringWriter();
        await using var services = TestPostgres.ServicesOf(
            new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString,
            key
        );
        Assert.True(await Commands.MigrateAsync(services, errors, CancellationToken.None) == 0, errors.ToString());
    }
}

/// <summary>What is known of a dump by whoever made it.</summary>
/// <param name="At">The moment for which the bill was reckoned; a web that opens the database is set to it.</param>
/// <param name="Customer">Who has a row of everything that a customer can have.</param>
/// <param name="Bill">Of the month until then, in dollars.</param>
/// <param name="Names">Something that a page shows, by its address.</param>
/// <param name="Counts">How many a list has, by its address.</param>
/// <param name="Secrets">What was sealed, by table and column.</param>
internal sealed record Noted(
    DateTimeOffset At,
    NotedPerson Customer,
    NotedPerson Operator,
    decimal Bill,
    Dictionary<string, string> Names,
    Dictionary<string, int> Counts,
    Dictionary<string, string> Secrets
);

/// <param name="FactorKey">Of the authenticator app.</param>
/// <param name="RecoveryCodes">How many are left.</param>
internal sealed record NotedPerson(string AccountId, Guid UserId, string Email, string Password, string FactorKey, int RecoveryCodes);
