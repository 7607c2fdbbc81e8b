using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;

namespace Portal.Model.Shared;

/// <summary>
/// What web and worker may do in the database, each with a role of its own that owns nothing: rows of any table, but for those that are
/// none of its business. The migrator says it anew after each upgrade. Where neither role exists (a small installation, in which one role
/// does everything) nothing is said.
/// </summary>
public sealed record DatabaseRights(string Web, string Worker)
{
    private const string Rows = "SELECT, INSERT, UPDATE, DELETE";

    private const string AddRows = "SELECT, INSERT";

    private const string ReadRows = "SELECT";

    /// <summary>
    /// What was used is written once, and ends once: the second of it is kept by a trigger (<see cref="DatabaseObjects"/>).
    /// </summary>
    private const string LedgerRows = """SELECT, INSERT, UPDATE ("To")""";

    /// <summary>The worker counts on in the running hour what goes out of buckets; the same trigger lets that only grow.</summary>
    private const string CountedRows = """SELECT, INSERT, UPDATE ("To", "Quantity")""";

    /// <summary>Tables of which one of them may do less than with any other; null is nothing at all.</summary>
    private static readonly (string Table, string? Web, string? Worker)[] Less =
    [
        ("AuditEntries", AddRows, AddRows),
        ("AuditPersons", AddRows, AddRows),
        ("__EFMigrationsHistory", null, null),
        // New keys are made by the web alone, and none is ever changed but by whoever wraps them anew.
        ("DataProtectionKeys", AddRows, ReadRows),
        // What things cost and what was used: what is charged for is never taken back by deleting it.
        ("Prices", ReadRows, ReadRows),
        ("InstanceSizes", ReadRows, ReadRows),
        ("VolumeTypes", ReadRows, ReadRows),
        ("UsageSpans", LedgerRows, CountedRows),
        ("MetricSamples", ReadRows, Rows),
        // The web asks for a change of objects, or for its end; how far it is, is the worker's.
        ("ObjectOperations", """SELECT, INSERT, UPDATE ("CancelledAt"), DELETE""", "SELECT, UPDATE, DELETE"),
        // By what people sign in.
        ("Users", Rows, ReadRows),
        ("Sessions", Rows, ReadRows),
        ("AspNetUserTokens", Rows, null),
        ("FactorRemovals", Rows, "SELECT, DELETE"),
        ("AspNetUserPasskeys", Rows, null),
        ("AspNetUserClaims", Rows, null),
        ("AspNetUserLogins", Rows, null),
    ];

    public static DatabaseRights Of(IConfiguration configuration) =>
        new(configuration["Database:WebRole"] ?? "portal_web", configuration["Database:WorkerRole"] ?? "portal_worker");

    /// <summary>A sentence if only one of the two roles exists, or both are one; else null.</summary>
    public async Task<string?> GrantAsync(PortalDb db, CancellationToken ct)
    {
        string[] wanted = [Web, Worker];
        var known = await db
            .Database.SqlQuery<string>($"""SELECT rolname AS "Value" FROM pg_roles WHERE rolname = ANY ({wanted})""")
            .ToListAsync(ct);
        if (known.Count == 0)
        {
            return null;
        }

        if (known.Count == 1)
        {
            return $"The database has the role {known[0]}, but web and worker each need one of their own: make both {Web} and {Worker}, or neither.";
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.Database.ExecuteSqlRawAsync(Sql(), ct);
        await transaction.CommitAsync(ct);
        return null;
    }

    private string Sql()
    {
        var (web, worker) = (Quoted(Web), Quoted(Worker));
        return string.Join(
            '\n',
            [
                .. ((string[])["public", "hangfire"]).Select(schema =>
                    $"""
                        REVOKE ALL ON SCHEMA {schema} FROM PUBLIC, {web}, {worker};
                        GRANT USAGE ON SCHEMA {schema} TO {web}, {worker};
                        REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {web}, {worker};
                        GRANT {Rows} ON ALL TABLES IN SCHEMA {schema} TO {web}, {worker};
                        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {web}, {worker};
                        ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {Rows} ON TABLES TO {web}, {worker};
                        ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {web}, {worker};
                        """
                ),
                .. Less.Select(less =>
                    $"""
                        REVOKE ALL ON "{less.Table}" FROM {web}, {worker};
                        {Grant(less.Web, less.Table, web)} {Grant(less.Worker, less.Table, worker)}
                        """
                ),
                $"""
                REVOKE ALL ON FUNCTION portal_reconcile(timestamptz) FROM PUBLIC, {worker};
                GRANT EXECUTE ON FUNCTION portal_reconcile(timestamptz) TO {web};
                """,
            ]
        );
    }

    private static string Grant(string? rights, string table, string role) =>
        rights is null ? "" : $"GRANT {rights} ON \"{table}\" TO {role};";

    private static string Quoted(string role) => $"\"{role.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
