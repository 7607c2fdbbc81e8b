using System.Net.Sockets;
using Npgsql;

namespace Portal.Shared;

/// <summary>Tells a database that cannot be reached now, from which everything comes back by itself, from a mistake of ours.</summary>
public static class DatabaseAway
{
    /// <summary>What a person reads whose press did not count.</summary>
    public const string NotThrough = "That did not go through: Portal cannot reach its database at the moment. Nothing was changed; try again in a moment.";

    public static bool Is(Exception error) => error switch
    {
        // The administrator ended the connection, or the server crashed: of these Npgsql does not say that they pass.
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.DatabaseDropped } => true,
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable } => false,
        PostgresException postgres => postgres.IsTransient,
        NpgsqlException { InnerException: SocketException or IOException or TimeoutException } => true,
        NpgsqlException npgsql => npgsql.IsTransient,
        { InnerException: { } inner } => Is(inner),
        _ => false,
    };
}
