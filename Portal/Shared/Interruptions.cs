using MudBlazor;
using Portal.Model.Accounts;

namespace Portal.Shared;

/// <summary>Where a circuit's components tell that something did not go through.</summary>
public sealed partial class Interruptions(ISnackbar toasts, Presses presses, ILogger<Interruptions> log)
{
    /// <summary>What goes on of it.</summary>
    public Presses Presses { get; } = presses;

    /// <summary>The sentence for who pressed; null for a mistake of ours.</summary>
    public static string? WhyNot(Exception error) => error is TooManyChangesException ? error.Message : DatabaseAway.Is(error) ? DatabaseAway.NotThrough : null;

    public void Tell(Exception error)
    {
        LogNotThrough(log, error.GetBaseException().Message);
        toasts.Add(WhyNot(error)!, Severity.Error, options => options.DuplicatesBehavior = SnackbarDuplicatesBehavior.Prevent);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Something that was pressed did not go through: {Reason}")]
    private static partial void LogNotThrough(ILogger log, string reason);
}
