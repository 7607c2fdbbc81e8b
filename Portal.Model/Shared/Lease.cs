using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Portal.Model.Shared;

/// <summary>
/// An advisory lock of PostgreSQL on a name, held by a context's own connection: it ends when disposed, and by itself when the process
/// dies. It shares the connection with the work that it guards, since a second one per job could leave a full pool waiting for itself.
/// Hangfire's own distributed locks expire while held, so they are not used.
/// </summary>
public sealed class Lease : IAsyncDisposable
{
    private readonly PortalDb db;
    private readonly string name;

    private Lease(PortalDb db, string name) => (this.db, this.name) = (db, name);

    /// <summary>The lease, or null if someone else has it now.</summary>
    public static async Task<Lease?> TryTakeAsync(PortalDb db, string name, CancellationToken ct)
    {
        await db.Database.OpenConnectionAsync(ct);
        if (await ScalarAsync(db, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name, ct) is true)
        {
            return new Lease(db, name);
        }

        await db.Database.CloseConnectionAsync();
        return null;
    }

    /// <summary>Waits until it is free.</summary>
    public static async Task<Lease> TakeAsync(PortalDb db, string name, CancellationToken ct)
    {
        await db.Database.OpenConnectionAsync(ct);
        await ScalarAsync(db, "SELECT pg_advisory_lock(hashtextextended($1, 0)) IS NULL", name, ct);
        return new Lease(db, name);
    }

    public async ValueTask DisposeAsync()
    {
        // Said aloud: a pooled connection is reset only when it is next used, and the lock would be held until then.
        try
        {
            await ScalarAsync(db, "SELECT pg_advisory_unlock(hashtextextended($1, 0))", name, CancellationToken.None);
        }
        catch (Exception error) when (error is NpgsqlException or InvalidOperationException)
        {
            // The connection broke, and the lock with it.
        }

        await db.Database.CloseConnectionAsync();
    }

    private static async Task<object?> ScalarAsync(PortalDb db, string sql, string name, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, (NpgsqlConnection)db.Database.GetDbConnection());
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return await command.ExecuteScalarAsync(ct);
    }
}
