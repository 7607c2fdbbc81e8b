using System.Globalization;
using Hangfire.Common;
using Hangfire.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using Portal.Worker.Shared;

namespace Portal.Tests.Releases;

/// <summary>
/// What somebody finds who upgrades: a database of each release that there was (docs/decisions/releases.md), and one that this version
/// made, which is what the next release keeps.
/// </summary>
[Trait("Needs", "database")]
public sealed class ReleasedDatabaseTests(TestPostgres postgres)
{
    private const string ThisVersion = "this version";

    /// <summary>Identity's own, of which Portal's people have none.</summary>
    private static readonly string[] Unused = ["AspNetUserClaims", "AspNetUserLogins"];

    /// <summary>By what each column is opened whose name says that it is sealed.</summary>
    private static readonly Dictionary<string, Func<IServiceProvider, IDataProtector>> Protectors = new(StringComparer.Ordinal)
    {
        ["AccessKeys.SealedSecret"] = services => services.GetRequiredService<BucketSecrets>().NewKey,
        ["GuestRequests.SealedHash"] = services => services.GetRequiredService<GuestSecrets>().Hash,
        ["ObjectStoreChanges.SealedAdminSecret"] = services => services.GetRequiredService<BucketSecrets>().Admin,
        ["ObjectStoreUsers.SealedSecret"] = services => services.GetRequiredService<BucketSecrets>().Project,
        ["ObjectStores.SealedAdminSecret"] = services => services.GetRequiredService<BucketSecrets>().Admin,
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Versions => [ThisVersion, .. Dump.Released];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_database_with_a_row_of_everything_is_migrated_signed_in_to_listed_billed_and_opened(string version)
    {
        var folder = Directory.CreateTempSubdirectory("portal-test-dump-");
        try
        {
            var dump = version is ThisVersion ? new Dump(folder.FullName) : Dump.Of(version);
            if (version is ThisVersion)
            {
                await dump.MakeAsync(postgres);
            }

            var (database, noted) = (await dump.LoadAsync(postgres), await dump.NotedAsync());
            var source = new TestDatabase.OfRole(database);
            Assert.Empty(await EmptyTablesAsync(source.Source));
            await dump.MigrateAsync(database);
            await AssertJobsAsync(source.Source);
            await using (var web = await WebAsync(database, dump, noted))
            {
                await AssertSecretsAsync(web, source, noted, isWhole: version is ThisVersion);
                await AssertBillAsync(source, noted);
                await AssertPagesAsync(web, noted);
            }

            await source.Source.DisposeAsync();
            await postgres.DropDatabaseAsync(database);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Each_release_has_kept_such_a_database() =>
        Assert.Equal(
            Changelog.Lines.Where(line => line.Commit is not null).Select(line => line.Version).Order(StringComparer.Ordinal),
            Dump.Released.Order(StringComparer.Ordinal)
        );

    private static Task<PortalServer> WebAsync(string database, Dump dump, Noted noted) =>
        PortalServer.StartAsync(
            database,
            builder => builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(new MovedClock(noted.At))),
            settings: [dump.KeyRing]
        );

    private static async Task<List<string>> EmptyTablesAsync(NpgsqlDataSource source)
    {
        List<string> empty = [];
        foreach (
            var table in await ColumnAsync(
                source,
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            )
        )
        {
            if (!Unused.Contains(table) && (await ColumnAsync(source, $"""SELECT '1' FROM "{table}" LIMIT 1""")).Count == 0)
            {
                empty.Add(table);
            }
        }

        return empty;
    }

    /// <summary>What waits in the queue is found by the name that it had: JobTypes knows those that moved.</summary>
    private static async Task AssertJobsAsync(NpgsqlDataSource source)
    {
        TypeHelper.CurrentTypeResolver = JobTypes.Resolve;
        var waiting = await ColumnAsync(source, "SELECT invocationdata::text FROM hangfire.job");
        Assert.NotEmpty(waiting);
        Assert.All(waiting, data => InvocationData.DeserializePayload(data).DeserializeJob());
    }

    private static async Task AssertSecretsAsync(PortalServer web, TestDatabase.OfRole source, Noted noted, bool isWhole)
    {
        await using var db = source.CreateDbContext();
        if (isWhole)
        {
            Assert.Equal(
                db.GetService<IDesignTimeModel>()
                    .Model.GetEntityTypes()
                    .SelectMany(type => type.GetProperties(), (type, property) => $"{type.GetTableName()}.{property.Name}")
                    .Where(column => column.Contains(".Sealed", StringComparison.Ordinal))
                    .Order(StringComparer.Ordinal),
                noted.Secrets.Keys.Order(StringComparer.Ordinal)
            );
        }

        foreach (var (column, secret) in noted.Secrets)
        {
            var parts = column.Split('.');
            var stored = await ColumnAsync(source.Source, $"""SELECT "{parts[1]}" FROM "{parts[0]}" WHERE "{parts[1]}" IS NOT NULL""");
            Assert.Contains(secret, stored.Select(Protectors[column](web.Services).Open));
        }

        await using var scope = web.Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var user = (await users.FindByIdAsync($"{noted.Customer.UserId}"))!;
        Assert.Equal(
            (noted.Customer.FactorKey, noted.Customer.RecoveryCodes),
            (await users.GetAuthenticatorKeyAsync(user), await users.CountRecoveryCodesAsync(user))
        );
        Assert.Equal("Laptop", Assert.Single(await users.GetPasskeysAsync(user)).Name);
    }

    private static async Task AssertBillAsync(TestDatabase.OfRole source, Noted noted)
    {
        await using var db = source.CreateDbContext();
        var spans = await db.UsageSpans.Where(span => span.AccountId == noted.Customer.AccountId).ToListAsync(Ct);
        Assert.Equal(noted.Bill, Everything.Bill(spans, await db.Prices.ToListAsync(Ct), noted.At));
    }

    /// <summary>As their owner and an operator read them, some seconds later than the dump was made.</summary>
    private static async Task AssertPagesAsync(PortalServer web, Noted noted)
    {
        var clock = web.Services.GetRequiredService<TimeProvider>();
        using var customer = web.NewClient();
        using var keeper = web.NewClient();
        await Everything.SignInAsync(customer, noted.Customer, clock);
        await Everything.SignInAsync(keeper, noted.Operator, clock);
        List<string> missing = [];
        foreach (var (path, name) in noted.Names)
        {
            var reader = path.StartsWith("/operator", StringComparison.Ordinal) ? keeper : customer;
            if (!(await reader.PageAsync(path)).QuerySelector("main")!.TextContent.Contains(name, StringComparison.Ordinal))
            {
                missing.Add($"{path} does not show {name}");
            }
        }

        Assert.Empty(missing);
        Assert.Equal(noted.Counts, await Everything.CountsAsync(customer));
        var told = (await customer.PageAsync("/billing")).QuerySelector("[data-figure=so-far]")!.TextContent.Trim().TrimStart('$');
        Assert.InRange(decimal.Parse(told, NumberStyles.Number, CultureInfo.InvariantCulture), noted.Bill, noted.Bill + 0.05m);
        Assert.True(noted.Bill > 0.1m);
    }

    private static async Task<List<string>> ColumnAsync(NpgsqlDataSource source, string query)
    {
        await using var command = source.CreateCommand(query);
        await using var reader = await command.ExecuteReaderAsync(Ct);
        List<string> rows = [];
        while (await reader.ReadAsync(Ct))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
