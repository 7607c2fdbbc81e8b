using Microsoft.EntityFrameworkCore;

namespace Portal.Model.Shared;

/// <summary>Brings a database to this version's schema. Safe to run from several processes at once: EF Core holds a lock meanwhile.</summary>
public static class Migrator
{
    public static async Task MigrateAsync(PortalDb db, CancellationToken ct)
    {
        await db.Database.MigrateAsync(ct);
        await db.Database.ExecuteSqlRawAsync(DatabaseObjects.Sql, ct);
    }
}
