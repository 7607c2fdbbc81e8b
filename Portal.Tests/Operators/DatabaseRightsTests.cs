using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Billing;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Operators;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

[Trait("Needs", "database")]
public sealed class DatabaseRightsTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly string[] OnTheAudit =
    [
        """UPDATE "AuditEntries" SET "Action" = 'Nothing'""",
        """DELETE FROM "AuditEntries" """,
        """TRUNCATE "AuditEntries" CASCADE""",
    ];

    private static readonly string[] OnWhoItWas =
    [
        """UPDATE "AuditPersons" SET "Email" = 'somebody.else@example.com'""",
        """DELETE FROM "AuditPersons" """,
        """TRUNCATE "AuditPersons" """,
    ];

    private static readonly string[] AroundTheTrigger =
    [
        """ALTER TABLE "AuditEntries" DISABLE TRIGGER ALL""",
        """DROP TRIGGER portal_append_only ON "AuditEntries" """,
        "CREATE OR REPLACE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "SET session_replication_role = replica",
        "SET ROLE portal_owner",
        "SET SESSION AUTHORIZATION portal_owner",
        "GRANT portal_owner TO CURRENT_USER",
    ];

    private static readonly string[] BeyondRows =
    [
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE hangfire.mine (id int)",
        """DROP TABLE "Mails" """,
        """ALTER TABLE "Mails" ADD COLUMN mine int""",
        """SELECT 1 FROM "__EFMigrationsHistory" """,
        """UPDATE "DataProtectionKeys" SET "Xml" = ''""",
        """DELETE FROM "DataProtectionKeys" """,
        """DELETE FROM "UsageSpans" """,
        """UPDATE "Prices" SET "Sku" = ''""",
    ];

    private const string EndsASpan = """UPDATE "UsageSpans" SET "To" = "From" + interval '1 minute' WHERE "To" IS NULL""";

    private const string EndsASpanNow = """UPDATE "UsageSpans" SET "To" = now() WHERE "To" IS NULL""";

    private const string EndsASpanWhereItBegan = """UPDATE "UsageSpans" SET "To" = "From" WHERE "To" IS NULL""";

    private const string BeginsASpanNow = """
        INSERT INTO "UsageSpans" ("AccountId", "ResourceId", "ResourceName", "Sku", "Quantity", "From")
        SELECT "AccountId", 'i-of-nobody', "ResourceName", "Sku", 1, now() FROM "UsageSpans" LIMIT 1
        """;

    private const string BeginsASpanLongAgo = """
        INSERT INTO "UsageSpans" ("AccountId", "ResourceId", "ResourceName", "Sku", "Quantity", "From")
        SELECT "AccountId", 'i-of-nobody', "ResourceName", "Sku", 1, "From" FROM "UsageSpans" LIMIT 1
        """;

    private const string Reconciles = "SELECT portal_reconcile(now())";

    private const string CountsOn = """UPDATE "UsageSpans" SET "Quantity" = "Quantity" + 1""";

    private static readonly string[] OnTheLedger =
    [
        """UPDATE "UsageSpans" SET "Quantity" = 0""",
        """UPDATE "UsageSpans" SET "From" = "From" + interval '1 minute' WHERE "To" IS NULL""",
        """UPDATE "UsageSpans" SET "AccountId" = "AccountId" """,
        """UPDATE "UsageSpans" SET "To" = "From" WHERE "To" IS NOT NULL""",
        """UPDATE "UsageSpans" SET "To" = NULL WHERE "To" IS NOT NULL""",
        """UPDATE "UsageSpans" SET "To" = "From" - interval '1 minute' WHERE "To" IS NULL""",
        """UPDATE "UsageSpans" SET "To" = 'infinity' WHERE "To" IS NULL""",
        """
            INSERT INTO "UsageSpans" ("AccountId", "ResourceId", "ResourceName", "Sku", "Quantity", "From")
            SELECT "AccountId", 'i-of-nobody', "ResourceName", "Sku", -1000, "From" FROM "UsageSpans" LIMIT 1
            """,
        """DELETE FROM "UsageSpans" """,
        """TRUNCATE "UsageSpans" """,
        """INSERT INTO "Incidents" ("ResourceId", "Kind", "Message", "OpenedAt") VALUES ('portal', 'restored', '', '2020-01-01')""",
        """UPDATE "Incidents" SET "ClosedAt" = NULL WHERE "Kind" = 'restored'""",
        """UPDATE "Incidents" SET "Kind" = 'other' WHERE "Kind" = 'restored'""",
        """DELETE FROM "Incidents" WHERE "Kind" = 'restored'""",
        "CREATE OR REPLACE FUNCTION portal_is_owner(relation oid) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        """DROP TRIGGER portal_ledger ON "UsageSpans" """,
    ];

    private static readonly string[] OnTheMachine =
    [
        "SELECT 1 FROM pg_authid",
        "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'",
        "COPY (SELECT 1) TO '/tmp/portal-test-copied'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "CREATE ROLE mine SUPERUSER",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "CREATE DATABASE mine",
        "ALTER SYSTEM SET log_statement = 'none'",
    ];

    private static readonly string[] OfSigningIn =
    [
        """SELECT 1 FROM "AspNetUserTokens" """,
        """SELECT 1 FROM "AspNetUserPasskeys" """,
        """UPDATE "Users" SET "PasswordHash" = ''""",
        """UPDATE "Sessions" SET "RevokedAt" = NULL""",
        """INSERT INTO "Sessions" DEFAULT VALUES""",
        """INSERT INTO "DataProtectionKeys" ("Xml") VALUES ('')""",
    ];

    private readonly TestPostgres postgres = postgres;

    [Theory]
    [InlineData("web")]
    [InlineData("worker")]
    public async Task Nobody_who_serves_changes_the_audit_or_gets_around_what_keeps_it(string role) =>
        Assert.Empty(await AllowedAsync(role, [.. OnTheAudit, .. OnWhoItWas, .. AroundTheTrigger]));

    [Fact]
    public async Task The_audit_is_kept_from_its_owner_too_and_from_an_administrator_s_mistake()
    {
        Assert.Empty(await AllowedAsync("owner", OnTheAudit));
        Assert.Empty(
            await AllowedAsync(
                postgres.AsAdministrator(ConnectionString),
                [.. OnTheAudit, .. OnTheAudit.Select(statement => $"SET session_replication_role = replica; {statement}")]
            )
        );
    }

    [Theory]
    [InlineData("web")]
    [InlineData("worker")]
    public async Task Nobody_who_serves_has_more_than_the_rows_it_needs(string role) =>
        Assert.Empty(await AllowedAsync(role, [.. BeyondRows, .. OnTheMachine]));

    [Fact]
    public async Task The_owner_reaches_no_further_than_its_database() => Assert.Empty(await AllowedAsync("owner", OnTheMachine));

    [Fact]
    public async Task The_worker_cannot_write_or_read_by_what_people_sign_in() => Assert.Empty(await AllowedAsync("worker", OfSigningIn));

    [Theory]
    [InlineData("web")]
    [InlineData("worker")]
    public async Task Nobody_who_serves_rewrites_what_was_used_or_makes_it_free(string role)
    {
        await using (var db = CreateDbContext())
        {
            var (account, at) = ((await Tenant.AddAsync(db)).Account.Id, Tenant.Epoch);
            db.AddRange(
                Span(account, at, at.AddHours(1)),
                Span(account, at.AddHours(1), null),
                new Incident
                {
                    ResourceId = "portal",
                    Kind = "restored",
                    Message = "Long ago.",
                    OpenedAt = at.AddDays(-1),
                    ClosedAt = at,
                }
            );
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        Assert.Empty(await AllowedAsync(role, OnTheLedger));
        Assert.Equal([EndsASpanNow, BeginsASpanNow], await AllowedAsync(role, [EndsASpanNow, BeginsASpanNow]));

        // The worker sees when something stopped at which nobody looked. The web ends what somebody lets go of at that moment.
        string[] inHindsight = [EndsASpan, EndsASpanWhereItBegan, BeginsASpanLongAgo];
        Assert.Equal(role == "worker" ? inHindsight : [], await AllowedAsync(role, inHindsight));
        Assert.Equal(role == "worker" ? [CountsOn] : [], await AllowedAsync(role, [CountsOn]));

        // With nothing restored there is nothing to reconcile, and the web alone asks.
        Assert.Equal(role == "web" ? [Reconciles] : [], await AllowedAsync(role, [Reconciles]));
    }

    [Fact]
    public async Task No_row_takes_one_of_the_audit_with_it()
    {
        await using var command = Source.CreateCommand(
            """
            SELECT conname FROM pg_constraint
            WHERE contype = 'f' AND (conrelid IN ('"AuditEntries"'::regclass, '"AuditPersons"'::regclass) OR confrelid = '"AuditEntries"'::regclass) AND (confdeltype NOT IN ('a', 'r') OR confupdtype NOT IN ('a', 'r'))
            """
        );
        Assert.Null(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task No_role_is_a_superuser_or_may_become_another()
    {
        await using var command = Source.CreateCommand(
            """
            SELECT count(*) FROM pg_roles r WHERE rolname IN ('portal_owner', 'portal_web', 'portal_worker') AND rolcanlogin
                AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls) AND NOT EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid)
            """
        );
        Assert.Equal(3L, await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>What bin/up of before made: everything belongs to the superuser as which web and worker ran.</summary>
    [Fact]
    public async Task A_database_of_before_is_handed_over_to_an_owner_that_is_no_superuser()
    {
        var name = $"before_{Guid.NewGuid():N}";
        var before = new NpgsqlConnectionStringBuilder(postgres.AsAdministrator(ConnectionString))
        {
            Database = name,
            Pooling = false,
        }.ConnectionString;
        await using (var administrator = NpgsqlDataSource.Create(postgres.AsAdministrator(ConnectionString)))
        await using (var create = administrator.CreateCommand($"CREATE DATABASE {name}"))
        {
            await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        try
        {
            await UpgradeAsync(before, new DatabaseRights("none", "neither"));
            Assert.NotEmpty(await AllowedAsync(before, OnTheMachine[..1]));
            await postgres.ScriptAsync("database", name);
            await UpgradeAsync(TestPostgres.As("owner", before), new DatabaseRights("portal_web", "portal_worker"));
            foreach (var role in (string[])["web", "worker"])
            {
                Assert.Empty(
                    await AllowedAsync(
                        TestPostgres.As(role, before),
                        [.. OnTheAudit, .. AroundTheTrigger, .. BeyondRows, "CREATE TEMPORARY TABLE mine (id int)"]
                    )
                );
                Assert.Equal(
                    ["""SELECT 1 FROM "Mails" """, "SELECT 1 FROM hangfire.job"],
                    await AllowedAsync(TestPostgres.As(role, before), ["""SELECT 1 FROM "Mails" """, "SELECT 1 FROM hangfire.job"])
                );
            }
        }
        finally
        {
            await postgres.DropDatabaseAsync(before);
        }
    }

    [Fact]
    public async Task One_role_for_web_and_worker_is_asked_about()
    {
        await using var db = CreateDbContext();
        Assert.Equal(
            "The database has the role portal_web, but web and worker each need one of their own: make both portal_web and portal_worker_2, or neither.",
            await DatabaseUpgrade.RunAsync(db, new DatabaseRights("portal_web", "portal_worker_2"), TestContext.Current.CancellationToken)
        );
        Assert.NotNull(
            await DatabaseUpgrade.RunAsync(db, new DatabaseRights("portal_web", "portal_web"), TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task A_superuser_is_refused_in_production_and_one_role_for_everything_is_not()
    {
        Assert.StartsWith(
            "The role portal in ConnectionStrings__Portal is a superuser of PostgreSQL",
            await WhyNotStartAsync(postgres.AsAdministrator(ConnectionString), "Production"),
            StringComparison.Ordinal
        );
        Assert.Null(await WhyNotStartAsync(postgres.AsAdministrator(ConnectionString), "Development"));
        Assert.Null(await WhyNotStartAsync(ConnectionString, "Production"));
        Assert.Null(await WhyNotStartAsync(TestPostgres.As("web", ConnectionString), "Production"));
        Assert.Null(await WhyNotStartAsync("Host=127.0.0.1;Port=1;Username=portal", "Production"));
    }

    private static UsageSpan Span(string account, DateTimeOffset from, DateTimeOffset? to) =>
        new()
        {
            AccountId = account,
            ResourceId = "i-1",
            ResourceName = "amber-falcon",
            Sku = "instance.t1.large",
            Quantity = 1,
            From = from,
            To = to,
        };

    private static async Task<string?> WhyNotStartAsync(string connection, string environment)
    {
        await using var services = TestPostgres.ServicesOf(connection, TestPostgres.KeyRingFile, environment);
        return await StartCheck.WhyNotAsync(services, TestContext.Current.CancellationToken);
    }

    private static async Task UpgradeAsync(string connection, DatabaseRights rights)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        var options = new DbContextOptionsBuilder<PortalDb>();
        PortalDbSetup.Configure(options, source);
        await using var db = new PortalDb(options.Options);
        Assert.Null(await DatabaseUpgrade.RunAsync(db, rights, TestContext.Current.CancellationToken));
    }

    /// <summary>
    /// Those of the statements that were not refused for want of a right. Each is tried in a transaction of its own that is taken back, but
    /// for what can be in none.
    /// </summary>
    /// <param name="roleOrConnection">A role of this test's database, or the connection to another.</param>
    private async Task<List<string>> AllowedAsync(string roleOrConnection, IEnumerable<string> statements)
    {
        var connection = roleOrConnection.Contains('=', StringComparison.Ordinal)
            ? roleOrConnection
            : TestPostgres.As(roleOrConnection, ConnectionString);
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connection) { Pooling = false }.ConnectionString
        );
        await using var open = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        List<string> allowed = [];
        foreach (var statement in statements)
        {
            await using var transaction =
                statement.StartsWith("CREATE DATABASE", StringComparison.Ordinal)
                || statement.StartsWith("ALTER SYSTEM", StringComparison.Ordinal)
                    ? null
                    : await open.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await using var command = new NpgsqlCommand(statement, open, transaction);
            try
            {
                await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
                allowed.Add(statement);
            }
            catch (PostgresException error)
            {
                Assert.True(error.SqlState == PostgresErrorCodes.InsufficientPrivilege, $"{statement}: {error.Message}");
            }
        }

        return allowed;
    }
}
