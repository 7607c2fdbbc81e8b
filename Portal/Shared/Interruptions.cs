using MudBlazor;

namespace Portal.Shared;

/// <summary>Where a circuit's components tell that something did not go through.</summary>
public sealed partial class Interruptions(ISnackbar toasts, Presses presses, ILogger<Interruptions> log)
{
    /// <summary>What goes on of it.</summary>
    public Presses Presses { get; } = presses;

    public void Tell(Exception error)
    {
        LogNotThrough(log, error.GetBaseException().Message);
        toasts.Add(DatabaseAway.NotThrough, Severity.Error, options => options.DuplicatesBehavior = SnackbarDuplicatesBehavior.Prevent);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away; something that was pressed did not go through: {Reason}")]
    private static partial void LogNotThrough(ILogger log, string reason);
}
