using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Billing;

/// <summary>
/// Contexts of a worker that is killed right after its n-th write: what was saved is saved, what came after never happens.
/// </summary>
internal sealed class KilledAtSave(string connectionString, int stopAt) : IDbContextFactory<PortalDb>
{
    private int left = stopAt;

    public PortalDb CreateDbContext()
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        options
            .UseNpgsql(
                TestPostgres.As("worker", connectionString),
                npgsql => npgsql.MigrationsAssembly(typeof(PortalDb).Assembly.GetName().Name)
            )
            .AddInterceptors(new Kill(this));
        return new PortalDb(options.Options);
    }

    private sealed class Kill(KilledAtSave owner) : SaveChangesInterceptor
    {
        public override ValueTask<int> SavedChangesAsync(
            SaveChangesCompletedEventData eventData,
            int result,
            CancellationToken cancellationToken = default
        ) => Interlocked.Decrement(ref owner.left) == 0 ? throw new NpgsqlException("Killed.") : ValueTask.FromResult(result);
    }
}
