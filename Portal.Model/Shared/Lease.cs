using Npgsql;

namespace Portal.Model.Shared;

/// <summary>
/// An advisory lock of PostgreSQL on a name, held by an open connection: it ends when disposed, and by itself when the process dies.
/// Hangfire's own distributed locks expire while held, so they are not used.
/// </summary>
public sealed class Lease : IAsyncDisposable
{
    private readonly NpgsqlConnection holder;

    private Lease(NpgsqlConnection holder) => this.holder = holder;

    /// <summary>The lease, or null if someone else has it now.</summary>
    public static async Task<Lease?> TryTakeAsync(NpgsqlDataSource database, string name, CancellationToken ct)
    {
        var connection = await database.OpenConnectionAsync(ct);
        try
        {
            if (await ScalarAsync(connection, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name, ct) is true)
            {
                return new Lease(connection);
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    /// <summary>Waits until it is free.</summary>
    public static async Task<Lease> TakeAsync(NpgsqlDataSource database, string name, CancellationToken ct)
    {
        var connection = await database.OpenConnectionAsync(ct);
        try
        {
            await ScalarAsync(connection, "SELECT pg_advisory_lock(hashtextextended($1, 0)) IS NULL", name, ct);
            return new Lease(connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Said aloud: a pooled connection is reset only when it is next used, and the lock would be held until then.
        try
        {
            await using var unlock = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", holder);
            await unlock.ExecuteNonQueryAsync();
        }
        catch (NpgsqlException)
        {
            // The connection broke, and the lock with it.
        }

        await holder.DisposeAsync();
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, string name, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return await command.ExecuteScalarAsync(ct);
    }
}
