using System.Net.Sockets;
using Npgsql;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>Tells a database that cannot be reached now, from which everything comes back by itself, from a mistake of ours.</summary>
public static class DatabaseAway
{
    /// <summary>What a person reads whose press broke off on it.</summary>
    public static string Sentence(Saved saved) =>
        saved switch
        {
            Saved.Nothing =>
                "That did not go through: Portal cannot reach its database at the moment. Nothing was changed; try again in a moment.",
            Saved.Unknown =>
                "Portal lost the connection to its database while it was saving, so it is not known whether that went through. Look before you try again.",
            _ =>
                "Portal lost the connection to its database before it was done, but at least part of that was saved. Look before you try again.",
        };

    public static bool Is(Exception error) =>
        error switch
        {
            // The administrator ended the connection, or the server crashed: of these Npgsql does not say that they pass.
            PostgresException
            {
                SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.DatabaseDropped
            } => true,
            PostgresException
            {
                SqlState: PostgresErrorCodes.SerializationFailure
                    or PostgresErrorCodes.DeadlockDetected
                    or PostgresErrorCodes.LockNotAvailable
            } => false,
            PostgresException postgres => postgres.IsTransient,
            NpgsqlException { InnerException: SocketException or IOException or TimeoutException } => true,
            NpgsqlException npgsql => npgsql.IsTransient,
            { InnerException: { } inner } => Is(inner),
            _ => false,
        };
}
