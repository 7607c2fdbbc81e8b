using Microsoft.EntityFrameworkCore;

namespace Portal.Model.Shared;

/// <summary>
/// Brings a database to this version's schema. Safe to run from several processes at once: EF Core holds a lock meanwhile.
/// </summary>
public static class Migrator
{
    /// <summary>
    /// A sentence if this database is of a version that this one does not know, and nothing may be done to it; null if it can be migrated.
    /// </summary>
    public static async Task<string?> WhyNotAsync(PortalDb db, CancellationToken ct)
    {
        var unknown = (await db.Database.GetAppliedMigrationsAsync(ct))
            .Except(db.Database.GetMigrations(), StringComparer.Ordinal)
            .LastOrDefault();
        return unknown is null
            ? null
            : $"The database was made by another version of Portal, whose migration {unknown} this one does not know. Use that version or a later one; what bin/up made itself, bin/up --reset forgets.";
    }

    public static async Task MigrateAsync(PortalDb db, CancellationToken ct)
    {
        await db.Database.MigrateAsync(ct);
        await db.Database.ExecuteSqlRawAsync(DatabaseObjects.Sql, ct);
    }
}
