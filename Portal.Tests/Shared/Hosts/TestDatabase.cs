using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>One database of the tests' PostgreSQL. Derive a test class from it; it is made before and dropped after.</summary>
public abstract class TestDatabase(TestPostgres postgres) : IDbContextFactory<PortalDb>, IAsyncLifetime
{
    private NpgsqlDataSource? source;
    private OfRole? worker,
        web;

    protected string ConnectionString { get; private set; } = "";

    protected NpgsqlDataSource Source => source!;

    /// <summary>The same database as who may see and do all, e.g. what the sessions of others wait for.</summary>
    protected string AsAdministrator => postgres.AsAdministrator(ConnectionString);

    public virtual async ValueTask InitializeAsync()
    {
        ConnectionString = await postgres.CreateDatabaseAsync();
        source = NpgsqlDataSource.Create(ConnectionString);
    }

    /// <summary>As the database's owner, for what a test arranges and looks at.</summary>
    public PortalDb CreateDbContext() => Of(source!);

    /// <summary>As the worker, so that a right that it lacks shows.</summary>
    internal OfRole AsWorker => worker ??= new OfRole(TestPostgres.As("worker", ConnectionString));

    /// <summary>As the web.</summary>
    internal OfRole AsWeb => web ??= new OfRole(TestPostgres.As("web", ConnectionString));

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (source is not null)
        {
            await (worker?.Source.DisposeAsync() ?? ValueTask.CompletedTask);
            await (web?.Source.DisposeAsync() ?? ValueTask.CompletedTask);
            await source.DisposeAsync();
            await postgres.DropDatabaseAsync(ConnectionString);
        }
    }

    private static PortalDb Of(NpgsqlDataSource database)
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        PortalDbSetup.Configure(options, database);
        return new PortalDb(options.Options);
    }

    /// <summary>The same database with the rights of one of its roles.</summary>
    internal sealed class OfRole(string connection) : IDbContextFactory<PortalDb>
    {
        public NpgsqlDataSource Source { get; } = NpgsqlDataSource.Create(connection);

        public PortalDb CreateDbContext() => Of(Source);
    }
}
