using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Portal.Model.Shared;

/// <summary>
/// What web and worker look at before they serve, so that something set up in a dangerous way ends with a sentence instead.
/// </summary>
public static partial class StartCheck
{
    private const string Where = "docs/operating.md, “With your own PostgreSQL”, says how.";

    /// <summary>Throws <see cref="StartRefusedException"/> if this process must not start.</summary>
    public static async Task RunAsync(IServiceProvider services, CancellationToken ct)
    {
        if (await WhyNotAsync(services, ct) is { } reason)
        {
            throw new StartRefusedException(reason);
        }

        LogStarts(Logger(services), ProductVersion.Full);
    }

    /// <summary>Why this process must not start; null if it may. A database that does not answer is no reason: it may come back.</summary>
    public static async Task<string?> WhyNotAsync(IServiceProvider services, CancellationToken ct)
    {
        var log = Logger(services);
        try
        {
            return KeyRing.WhyNotSettings(services) ?? await WhyNotRoleAsync(services, log, ct) ?? await KeyRing.WhyNotAsync(services, ct);
        }
        catch (NpgsqlException error)
        {
            LogUnchecked(log, error.Message);
            return null;
        }
    }

    private static ILogger Logger(IServiceProvider services) =>
        services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(StartCheck).FullName!);

    /// <summary>Whoever gets hold of the process has what its role can do.</summary>
    private static async Task<string?> WhyNotRoleAsync(IServiceProvider services, ILogger log, CancellationToken ct)
    {
        await using var command = services
            .GetRequiredService<NpgsqlDataSource>()
            .CreateCommand(
                """
                SELECT rolname::text, rolsuper, COALESCE((SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class WHERE oid = to_regclass('"AuditEntries"')), false)
                FROM pg_roles WHERE rolname = current_user
                """
            );
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        var (role, isSuperuser, owns) = (row.GetString(0), row.GetBoolean(1), row.GetBoolean(2));
        if (isSuperuser && !services.GetRequiredService<IHostEnvironment>().IsDevelopment())
        {
            return $"The role {role} in ConnectionStrings__Portal is a superuser of PostgreSQL, which can run programs on the database's machine. Give Portal a role that is none: {Where}";
        }

        if (owns)
        {
            LogOwner(log, role, Where);
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Portal {Version} starts")]
    private static partial void LogStarts(ILogger log, string version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database could not be looked at before the start: {Reason}")]
    private static partial void LogUnchecked(ILogger log, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "This process uses the role {Role}, which owns Portal's tables: who gets hold of it can change the audit and the keys. Roles for web and worker close that; {Where}"
    )]
    private static partial void LogOwner(ILogger log, string role, string where);
}
