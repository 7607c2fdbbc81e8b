using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Shared;
using Portal.Operators;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

/// <summary>Which roles of the database Portal runs as, and what it says of others.</summary>
[Trait("Needs", "database")]
public sealed class DatabaseRolesTests(TestPostgres postgres) : DatabaseRightsScene(postgres)
{
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
        var before = new NpgsqlConnectionStringBuilder(Postgres.AsAdministrator(ConnectionString))
        {
            Database = name,
            Pooling = false,
        }.ConnectionString;
        await using (var administrator = NpgsqlDataSource.Create(Postgres.AsAdministrator(ConnectionString)))
        await using (var create = administrator.CreateCommand($"CREATE DATABASE {name}"))
        {
            await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        try
        {
            await UpgradeAsync(before, new DatabaseRights("none", "neither"));
            Assert.NotEmpty(await AllowedAsync(before, OnTheMachine[..1]));
            await Postgres.ScriptAsync("database", name);
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
            await Postgres.DropDatabaseAsync(before);
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
            await WhyNotStartAsync(Postgres.AsAdministrator(ConnectionString), "Production"),
            StringComparison.Ordinal
        );
        Assert.Null(await WhyNotStartAsync(Postgres.AsAdministrator(ConnectionString), "Development"));
        Assert.Null(await WhyNotStartAsync(ConnectionString, "Production"));
        Assert.Null(await WhyNotStartAsync(TestPostgres.As("web", ConnectionString), "Production"));
        Assert.Null(await WhyNotStartAsync("Host=127.0.0.1;Port=1;Username=portal", "Production"));
    }

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
}
