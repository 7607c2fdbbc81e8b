using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Portal.Model.Shared;

public static class PortalDbSetup
{
    /// <summary>Registers the data source, <see cref="IDbContextFactory{TContext}"/> for short-lived contexts, and <see cref="Changes"/>.</summary>
    public static IServiceCollection AddPortalDb(this IServiceCollection services, string connectionString) => services
        .AddSingleton(_ => NpgsqlDataSource.Create(connectionString))
        .AddDbContextFactory<PortalDb>((provider, options) => Configure(options, provider.GetRequiredService<NpgsqlDataSource>()))
        .AddSingleton<Changes>()
        .AddHostedService(provider => provider.GetRequiredService<Changes>());

    public static void Configure(DbContextOptionsBuilder options, NpgsqlDataSource database) =>
        options.UseNpgsql(database, npgsql => npgsql.MigrationsAssembly(typeof(PortalDb).Assembly.GetName().Name));
}

/// <summary>For <c>bin/migration</c> only; it never connects.</summary>
public sealed class PortalDbDesign : IDesignTimeDbContextFactory<PortalDb>
{
    public PortalDb CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        PortalDbSetup.Configure(options, NpgsqlDataSource.Create("Host=localhost"));
        return new PortalDb(options.Options);
    }
}
