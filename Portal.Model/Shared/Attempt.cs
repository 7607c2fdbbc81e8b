using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Portal.Model.Shared;

/// <summary>How much of what somebody asked for is in the database; the more, the higher.</summary>
public enum Saved
{
    /// <summary>Nothing of it.</summary>
    Nothing,

    /// <summary>Nobody knows: the connection broke after a COMMIT was sent and before its answer came.</summary>
    Unknown,

    /// <summary>Some of it at least.</summary>
    Some,
}

/// <summary>
/// One thing that a person asked for, a press or a form, from its beginning to its end: where it fails, this tells whether it is true that
/// nothing was changed. It follows the calls that belong to it, and what is part of another is told to that one too.
/// </summary>
public sealed class Attempt
{
    private static readonly AsyncLocal<Attempt?> Now = new();

    private readonly Attempt? outer;
    private int saved;

    private Attempt(Attempt? outer) => this.outer = outer;

    public Saved Saved => (Saved)Volatile.Read(ref saved);

    /// <summary>From here on to the end of the caller, which has to be an async method.</summary>
    public static Attempt Begin() => Now.Value = new Attempt(Now.Value);

    /// <summary>What the caller writes from here on nobody asked for. To be called in an async method.</summary>
    public static void Leave() => Now.Value = null;

    internal static void Tell(Saved what)
    {
        for (var attempt = Now.Value; attempt is not null; attempt = attempt.outer)
        {
            if (attempt.Saved < what)
            {
                Volatile.Write(ref attempt.saved, (int)what);
            }
        }
    }
}

/// <summary>Tells <see cref="Attempt"/> of each COMMIT, and of each statement that is its own transaction.</summary>
internal sealed class AttemptTransactions : DbTransactionInterceptor
{
    public static AttemptTransactions Instance { get; } = new();

    public override Task TransactionCommittedAsync(
        DbTransaction transaction,
        TransactionEndEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        Attempt.Tell(Saved.Some);
        return Task.CompletedTask;
    }

    public override Task TransactionFailedAsync(
        DbTransaction transaction,
        TransactionErrorEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        if (eventData.Action is "Commit" && !IsAnswer(eventData.Exception))
        {
            Attempt.Tell(Saved.Unknown);
        }

        return Task.CompletedTask;
    }

    /// <summary>The server said no, and lives: then nothing was committed.</summary>
    internal static bool IsAnswer(Exception error) => error is PostgresException { InvariantSeverity: "ERROR" };
}

/// <inheritdoc cref="AttemptTransactions"/>
internal sealed class AttemptCommands : DbCommandInterceptor
{
    public static AttemptCommands Instance { get; } = new();

    public override ValueTask<int> NonQueryExecutedAsync(
        DbCommand command,
        CommandExecutedEventData eventData,
        int result,
        CancellationToken cancellationToken = default
    )
    {
        if (IsWhole(command, eventData.CommandSource) && result > 0)
        {
            Attempt.Tell(Saved.Some);
        }

        return ValueTask.FromResult(result);
    }

    public override ValueTask<DbDataReader> ReaderExecutedAsync(
        DbCommand command,
        CommandExecutedEventData eventData,
        DbDataReader result,
        CancellationToken cancellationToken = default
    )
    {
        if (IsWhole(command, eventData.CommandSource))
        {
            Attempt.Tell(Saved.Some);
        }

        return ValueTask.FromResult(result);
    }

    public override Task CommandFailedAsync(
        DbCommand command,
        CommandErrorEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        if (IsWhole(command, eventData.CommandSource) && eventData.Exception is not PostgresException)
        {
            Attempt.Tell(Saved.Unknown);
        }

        return Task.CompletedTask;
    }

    private static bool IsWhole(DbCommand command, CommandSource source) =>
        command.Transaction is null && source is (CommandSource.SaveChanges or CommandSource.ExecuteUpdate or CommandSource.ExecuteDelete);
}
