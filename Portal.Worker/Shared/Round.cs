using System.Collections.Concurrent;
using Portal.Model.Shared;

namespace Portal.Worker.Shared;

/// <summary>
/// One round over many things of which one may be bad: what fails for it is kept until the end, and the others have their turn, in this
/// round and in each that follows.
/// </summary>
/// <param name="isThere">
/// Asks an engine for something small. What it is not able to do for one thing is that thing's failure; an engine that is away ends the
/// round.
/// </param>
/// <param name="isOver">Which other failures would be all the others' too, and end the round.</param>
public sealed class Round(Func<CancellationToken, Task>? isThere = null, Func<Exception, bool>? isOver = null)
{
    private readonly ConcurrentQueue<Exception> failures = new();

    public async Task EachAsync<T>(
        IEnumerable<T> all,
        Func<T, string> name,
        Func<T, CancellationToken, Task> work,
        CancellationToken ct,
        int atOnce = 1
    ) =>
        await Parallel.ForEachAsync(
            all,
            new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = ct },
            async (one, token) =>
            {
                try
                {
                    await work(one, token);
                }
                catch (Exception error) when (!token.IsCancellationRequested && isOver?.Invoke(error) is not true)
                {
                    if (isThere is not null && error is EngineException { Fault: EngineFault.Unavailable })
                    {
                        await isThere(token);
                    }

                    failures.Enqueue(new InvalidOperationException($"{name(one)}: {error.Message}", error));
                }
            }
        );

    /// <summary>For the log of the sweep.</summary>
    /// <exception cref="AggregateException">Something failed; the next round tries it again.</exception>
    public void End()
    {
        if (!failures.IsEmpty)
        {
            throw new AggregateException("Some could not be looked after; the others were.", failures);
        }
    }
}
