using Npgsql;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>The real web and its database, for all the tests of a class.</summary>
public sealed class OneServer(TestPostgres postgres) : ServedTests(postgres)
{
    internal new PortalServer Server => base.Server;
    internal new NpgsqlDataSource Source => base.Source;
    internal new string ConnectionString => base.ConnectionString;
}

/// <summary>
/// Tests of the real web that share one with the rest of their class: to start one and make its database is half of what a test of a page
/// costs. For tests that bring people of their own and look at what is theirs; who counts all rows or changes a setting has
/// <see cref="ServedTests"/>.
/// </summary>
public abstract class OneServerTests(OneServer one) : IClassFixture<OneServer>, Microsoft.EntityFrameworkCore.IDbContextFactory<PortalDb>
{
    protected PortalServer Server => one.Server;

    protected string ConnectionString => one.ConnectionString;

    protected NpgsqlDataSource Source => one.Source;

    public PortalDb CreateDbContext() => one.CreateDbContext();

    internal TestDatabase.OfRole AsWorker => one.AsWorker;

    internal TestDatabase.OfRole AsWeb => one.AsWeb;
}
