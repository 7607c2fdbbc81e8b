namespace Portal.Accounts;

/// <summary>
/// Lets an answer that must not tell whether an address exists take as long in each case: the writes that one case makes and another does
/// not are hidden behind the same moment. It begins with the request's scope.
/// </summary>
public sealed class EvenAnswer(TimeProvider clock)
{
    /// <summary>Longer than any of the cases takes on an idle machine.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(400);

    private readonly long began = clock.GetTimestamp();

    public async Task WaitAsync(CancellationToken ct)
    {
        if (Least - clock.GetElapsedTime(began) is var rest && rest > TimeSpan.Zero)
        {
            await Task.Delay(rest, clock, ct);
        }
    }
}
