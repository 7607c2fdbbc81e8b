using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Model.Accounts;

namespace Portal.Model.Shared;

public static class PortalDbSetup
{
    // Identity's context asks its application for the version of its schema, whatever PortalDb itself says. Where there is no application
    // (tests, bin/migration) this stands for one.
    private static readonly IServiceProvider NoApplication = new ServiceCollection()
        .Configure<IdentityOptions>(UseNewestSchema)
        .BuildServiceProvider();

    /// <summary>
    /// Registers the data source, <see cref="IDbContextFactory{TContext}"/> for short-lived contexts, and <see cref="Changes"/>. Whoever
    /// has registered an <see cref="AfterCommit"/> has it told of what they commit.
    /// </summary>
    public static IServiceCollection AddPortalDb(this IServiceCollection services, string connectionString) =>
        services
            .Configure<IdentityOptions>(UseNewestSchema)
            .AddSingleton(_ => NpgsqlDataSource.Create(connectionString))
            .AddDbContextFactory<PortalDb>(
                (provider, options) =>
                    Configure(options, provider.GetRequiredService<NpgsqlDataSource>(), provider.GetService<AfterCommit>())
            )
            .AddSingleton<Changes>()
            .AddHostedService(provider => provider.GetRequiredService<Changes>());

    public static void Configure(DbContextOptionsBuilder options, NpgsqlDataSource database, AfterCommit? told = null)
    {
        options.UseNpgsql(database, npgsql => npgsql.MigrationsAssembly(typeof(PortalDb).Assembly.GetName().Name));
        options.AddInterceptors(PlainText.Instance, ChangeLimit.Instance, AttemptTransactions.Instance, AttemptCommands.Instance);
        if (told is not null)
        {
            options.AddInterceptors(told);
        }

        if (options.Options.FindExtension<CoreOptionsExtension>()?.ApplicationServiceProvider is null)
        {
            options.UseApplicationServiceProvider(NoApplication);
        }
    }

    /// <summary>The schema that has a table for passkeys.</summary>
    private static void UseNewestSchema(IdentityOptions options) => options.Stores.SchemaVersion = IdentitySchemaVersions.Version3;
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
