using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Portal.Model.Shared;

/// <summary>
/// How the database is reached: the setting <c>ConnectionStrings:Portal</c>, for this program's own connections and Hangfire's.
/// </summary>
public static class DatabaseSettings
{
    /// <summary>Throws <see cref="StartRefusedException"/> if there is none, or none that Npgsql understands.</summary>
    public static string From(IConfiguration configuration) =>
        configuration.GetConnectionString("Portal") is { Length: > 0 } text
            ? Complete(text)
            : throw new StartRefusedException(
                "ConnectionStrings__Portal is not set: Portal needs its database, e.g. Host=db.example.com;Username=portal;Password=…;Database=portal. On a laptop, start it with bin/up."
            );

    private static string Complete(string text)
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(text);

            // Nobody signs in to PostgreSQL with Kerberos unless told to. Npgsql would try it with each connection, and say in each process
            // of an image without its library that it is not there.
            if (!settings.ShouldSerialize("GSS Encryption Mode"))
            {
                settings.GssEncryptionMode = GssEncryptionMode.Disable;
            }

            return string.IsNullOrWhiteSpace(settings.Host)
                ? throw new StartRefusedException("ConnectionStrings__Portal names no Host.")
                : settings.ConnectionString;
        }
        catch (ArgumentException error)
        {
            throw new StartRefusedException($"ConnectionStrings__Portal cannot be read: {error.Message}", error);
        }
    }
}
