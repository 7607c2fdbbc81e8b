namespace Portal.Buckets;

/// <summary>
/// A change of many objects that goes on for a while: deleting or moving what was selected. Whoever looks at the bucket sees how far it is.
/// </summary>
public sealed class ObjectOperation : IDisposable
{
    private const int ProblemsKept = 20;

    private readonly CancellationTokenSource stop = new();
    private readonly List<string> problems = [];
    private int done;
    private int failed;

    public required string AccountId { get; init; }

    public required string BucketId { get; init; }

    /// <summary>E.g. <c>Deleting 3 files</c>.</summary>
    public required string Title { get; init; }

    /// <summary>What it does to each, e.g. <c>deleted</c>.</summary>
    public required string Verb { get; init; }

    public int Done => done;

    public int Failed => failed;

    public DateTimeOffset? EndedAt { get; private set; }

    public bool IsOver => EndedAt is not null;

    public bool IsStopped => stop.IsCancellationRequested;

    /// <summary>Why it ended before its end.</summary>
    public string? Reason { get; private set; }

    /// <summary>Some of those that were not done, and why.</summary>
    public IReadOnlyList<string> Problems
    {
        get
        {
            lock (problems)
            {
                return [.. problems];
            }
        }
    }

    public CancellationToken Stopping => stop.Token;

    internal Action Changed { get; set; } = () => { };

    public void Count(int more)
    {
        Interlocked.Add(ref done, more);
        Changed();
    }

    public void Fail(string name, string why)
    {
        Interlocked.Increment(ref failed);
        lock (problems)
        {
            if (problems.Count < ProblemsKept)
            {
                problems.Add($"{name} — {why}");
            }
        }

        Changed();
    }

    public void Stop() => stop.Cancel();

    public void Dispose() => stop.Dispose();

    internal void End(string? reason, DateTimeOffset now)
    {
        (Reason, EndedAt) = (reason, now);
        Changed();
    }
}
