using Npgsql;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

/// <summary>Who may run which statements.</summary>
public abstract class DatabaseRightsScene(TestPostgres postgres) : TestDatabase(postgres)
{
    protected static readonly string[] OnTheAudit =
    [
        """UPDATE "AuditEntries" SET "Action" = 'Nothing'""",
        """DELETE FROM "AuditEntries" """,
        """TRUNCATE "AuditEntries" CASCADE""",
    ];

    protected static readonly string[] AroundTheTrigger =
    [
        """ALTER TABLE "AuditEntries" DISABLE TRIGGER ALL""",
        """DROP TRIGGER portal_append_only ON "AuditEntries" """,
        "CREATE OR REPLACE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "SET session_replication_role = replica",
        "SET ROLE portal_owner",
        "SET SESSION AUTHORIZATION portal_owner",
        "GRANT portal_owner TO CURRENT_USER",
    ];

    protected static readonly string[] BeyondRows =
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

    protected static readonly string[] OnTheMachine =
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

    protected TestPostgres Postgres { get; } = postgres;

    /// <summary>
    /// Those of the statements that were not refused for want of a right. Each is tried in a transaction of its own that is taken back, but
    /// for what can be in none.
    /// </summary>
    /// <param name="roleOrConnection">A role of this test's database, or the connection to another.</param>
    protected async Task<List<string>> AllowedAsync(string roleOrConnection, IEnumerable<string> statements)
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
