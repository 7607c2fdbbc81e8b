using System.Net;
using Portal.Model.Accounts;

namespace Portal.Accounts;

/// <summary>
/// Slows down whoever guesses, and nobody else: wrong tries are counted by network and account, so that a stranger's slow his own network;
/// all those of unknown browsers together once more, against guesses from everywhere; and a browser that the account knows counts for
/// itself alone, so that its owner comes in whatever others do. A passkey is no guess and never waits. (docs/decisions/guesses.md.) What
/// cannot be counted is refused: the database's exceptions go through.
/// </summary>
public sealed class Guesses(Throttles throttles)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>
    /// Of one network at one account, and of one known browser: half a minute after the fifth, then a minute, two, four, at most an hour.
    /// </summary>
    private static readonly GrowingWait Alone = new(5, TimeSpan.FromSeconds(30), TimeSpan.FromHours(1), Day);

    /// <summary>Of all unknown browsers at one account. What a single network can add is a tenth of it.</summary>
    private static readonly GrowingWait Together = new(50, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), Day);

    /// <summary>The same for codes of six digits, where a try is worth much more and the password was right before.</summary>
    private static readonly GrowingWait CodesTogether = new(20, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(15), Day);

    /// <summary>A stranger's try at what belongs to <paramref name="whose"/>: an address as it is compared, or a user's id.</summary>
    public Task<Guess> BeginAsync(GuessedAt what, string whose, IPAddress? from, CancellationToken ct) =>
        BeginAsync(
            [
                ($"{what} {whose} from {Networks.Of(from)}", Alone, true),
                ($"{what} {whose}", what is GuessedAt.Code ? CodesTogether : Together, false),
            ],
            ct
        );

    /// <summary>A try from a browser, or within a session, that is known to be the owner's.</summary>
    public Task<Guess> BeginAsync(GuessedAt what, Guid known, CancellationToken ct) =>
        BeginAsync([($"{what} known {known}", Alone, true)], ct);

    /// <summary>The first that refuses counts for all: who is slowed as a network does not slow the rest.</summary>
    private async Task<Guess> BeginAsync((string Key, GrowingWait Growing, bool Forgets)[] counts, CancellationToken ct)
    {
        foreach (var (key, growing, _) in counts)
        {
            if (await throttles.TryAsync(key, growing, ct) is var wait && wait > TimeSpan.Zero)
            {
                return new Guess(wait, _ => Task.CompletedTask);
            }
        }

        return new Guess(
            TimeSpan.Zero,
            async isRight =>
            {
                foreach (var (key, _, forgets) in counts)
                {
                    await throttles.SucceededAsync(key, forgets && isRight, ct);
                }
            }
        );
    }
}

/// <summary>What is guessed; each is counted apart.</summary>
public enum GuessedAt
{
    /// <summary>A password at the sign-in.</summary>
    Password,

    /// <summary>A code of the authenticator app, or a recovery code.</summary>
    Code,

    /// <summary>The password that somebody signed in is asked for again.</summary>
    Proof,
}

/// <summary>A try that counts as a wrong one until it is told to have been right.</summary>
/// <param name="Wait">Zero if it may be made.</param>
/// <param name="EndAsync">Told whether it was right, or nothing that counts.</param>
public sealed record Guess(TimeSpan Wait, Func<bool, Task> EndAsync)
{
    public bool IsAllowed => Wait == TimeSpan.Zero;

    /// <summary>It was right: the wrong ones before it, from there, are forgotten.</summary>
    public Task RightAsync() => EndAsync(true);

    /// <summary>It was none: those before it stay.</summary>
    public Task TakeBackAsync() => EndAsync(false);

    /// <summary>The wait in words: <c>30 seconds</c>, <c>2 minutes</c>, <c>an hour</c>.</summary>
    public static string InWords(TimeSpan wait) =>
        wait switch
        {
            { TotalSeconds: <= 1 } => "a second",
            { TotalSeconds: < 60 } => $"{(int)Math.Ceiling(wait.TotalSeconds)} seconds",
            { TotalMinutes: <= 1 } => "a minute",
            { TotalMinutes: < 60 } => $"{(int)Math.Ceiling(wait.TotalMinutes)} minutes",
            _ => "an hour",
        };
}
