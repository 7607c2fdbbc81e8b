using Hangfire.PostgreSql;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>
/// Everything that a database needs before web and worker of this version can use it, made by its owner: they themselves may create
/// nothing. It can be run at any time, any number of times.
/// </summary>
public static class DatabaseUpgrade
{
    /// <summary>A sentence if something stands in the way, else null.</summary>
    public static async Task<string?> RunAsync(PortalDb db, DatabaseRights rights, CancellationToken ct)
    {
        if (await Migrator.WhyNotAsync(db, ct) is { } reason)
        {
            return reason;
        }

        await Migrator.MigrateAsync(db, ct);
        await db.Database.OpenConnectionAsync(ct);
        PostgreSqlObjectsInstaller.Install((NpgsqlConnection)db.Database.GetDbConnection());
        await db.Database.CloseConnectionAsync();
        return await rights.GrantAsync(db, ct);
    }
}
