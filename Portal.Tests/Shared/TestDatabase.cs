using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>One database of the tests' PostgreSQL. Derive a test class from it; it is made before and dropped after.</summary>
public abstract class TestDatabase(TestPostgres postgres) : IDbContextFactory<PortalDb>, IAsyncLifetime
{
    private NpgsqlDataSource? source;

    protected string ConnectionString { get; private set; } = "";

    protected NpgsqlDataSource Source => source!;

    public virtual async ValueTask InitializeAsync()
    {
        ConnectionString = await postgres.CreateDatabaseAsync();
        source = NpgsqlDataSource.Create(ConnectionString);
    }

    public PortalDb CreateDbContext()
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        PortalDbSetup.Configure(options, source!);
        return new PortalDb(options.Options);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (source is not null)
        {
            await source.DisposeAsync();
            await postgres.DropDatabaseAsync(ConnectionString);
        }
    }
}
