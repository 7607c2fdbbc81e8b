using MudBlazor;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>Where a circuit's components tell that something did not go through.</summary>
public sealed partial class Interruptions(ISnackbar toasts, Presses presses, ILogger<Interruptions> log)
{
    /// <summary>What goes on of it.</summary>
    public Presses Presses { get; } = presses;

    /// <param name="saved">How much of what was pressed is in the database.</param>
    public void Tell(Exception error, Saved saved)
    {
        LogNotThrough(log, saved, error.GetBaseException().Message);
        Presses.Fail(saved);
        toasts.Add(DatabaseAway.Sentence(saved), Severity.Error, options => options.DuplicatesBehavior = SnackbarDuplicatesBehavior.Prevent);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away; of something that was pressed is saved: {Saved}. {Reason}")]
    private static partial void LogNotThrough(ILogger log, Saved saved, string reason);
}
