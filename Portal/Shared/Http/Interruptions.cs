using MudBlazor;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>Where a circuit's components tell that something did not go through.</summary>
public sealed partial class Interruptions(ISnackbar toasts, Presses presses, ILogger<Interruptions> log)
{
    /// <summary>What goes on of it.</summary>
    public Presses Presses { get; } = presses;

    /// <summary>Whether it is something that whoever pressed is told; else it is a mistake of ours.</summary>
    public static bool IsToldBy(Exception error) => error is TooManyChangesException || DatabaseAway.Is(error);

    /// <param name="saved">How much of what was pressed is in the database.</param>
    public void Tell(Exception error, Saved saved)
    {
        LogNotThrough(log, saved, error.GetBaseException().Message);
        Presses.Fail(saved);
        var sentence = error is TooManyChangesException ? error.Message : DatabaseAway.Sentence(saved);
        toasts.Add(sentence, Severity.Error, options => options.DuplicatesBehavior = SnackbarDuplicatesBehavior.Prevent);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Something that was pressed did not go through; of it is saved: {Saved}. {Reason}")]
    private static partial void LogNotThrough(ILogger log, Saved saved, string reason);
}
