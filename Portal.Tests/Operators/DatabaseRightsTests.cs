using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Operators;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

[Trait("Needs", "database")]
public sealed class DatabaseRightsTests(TestPostgres postgres) : DatabaseRightsScene(postgres)
{
    private static readonly string[] OnWhoItWas =
    [
        """UPDATE "AuditPersons" SET "Email" = 'somebody.else@example.com'""",
        """DELETE FROM "AuditPersons" """,
        """TRUNCATE "AuditPersons" """,
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

    private static readonly string[] OfSigningIn =
    [
        """SELECT 1 FROM "AspNetUserTokens" """,
        """SELECT 1 FROM "AspNetUserPasskeys" """,
        """UPDATE "Users" SET "PasswordHash" = ''""",
        """UPDATE "Sessions" SET "RevokedAt" = NULL""",
        """INSERT INTO "Sessions" DEFAULT VALUES""",
        """INSERT INTO "DataProtectionKeys" ("Xml") VALUES ('')""",
    ];

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
                Postgres.AsAdministrator(ConnectionString),
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
}
