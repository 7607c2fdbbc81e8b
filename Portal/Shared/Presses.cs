using Microsoft.EntityFrameworkCore;
using Microsoft.JSInterop;
using Portal.Accounts;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>What became of a press. Numbers, since <c>presses.js</c> knows them.</summary>
public enum PressState
{
    /// <summary>It never came here: the line broke off before.</summary>
    Lost = 0,

    /// <summary>Not at its end yet.</summary>
    Going = 1,

    /// <summary>At its end; the page shows what came of it.</summary>
    Done = 2,

    /// <summary>The database went away, and nothing of it is saved.</summary>
    Failed = 3,

    /// <summary>The same, and some of it is saved, or may be.</summary>
    Unknown = 4,
}

/// <summary>
/// What a circuit has heard of the buttons that are pressed on its page (<c>presses.js</c>). The browser numbers them and tells each right
/// after its event. When the line broke off it asks again, and can say what became of the last one. Of a circuit that is gone the audit
/// knows: each change is in it, in the same transaction.
/// </summary>
public sealed class Presses : IDisposable
{
    /// <summary>Longer ago nobody remembers what was pressed.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>How far a browser's reckoning of a few minutes may be off.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(500);

    private readonly IDbContextFactory<PortalDb> dbs;
    private readonly CurrentActor current;
    private readonly TimeProvider clock;
    private TaskCompletionSource idle = new();
    private int last,
        running;
    private Saved? failed;

    public Presses(IDbContextFactory<PortalDb> dbs, CurrentActor current, TimeProvider clock)
    {
        (this.dbs, this.current, this.clock) = (dbs, current, clock);
        Reference = DotNetObjectReference.Create(this);
    }

    /// <summary>What the browser calls.</summary>
    public DotNetObjectReference<Presses> Reference { get; }

    /// <summary>Comes after the press's own event, whose handling has then begun.</summary>
    [JSInvokable]
    public void Heard(int number) => last = Math.Max(last, number);

    /// <summary>What became of a press; to be asked for with what the browser knows as the newest one.</summary>
    [JSInvokable]
    public PressState BecameOf(int number) =>
        number > last ? PressState.Lost
        : running > 0 ? PressState.Going
        : failed switch
        {
            null => PressState.Done,
            Saved.Nothing => PressState.Failed,
            _ => PressState.Unknown,
        };

    /// <summary>Answers as soon as nothing is being done any more that a press began.</summary>
    [JSInvokable]
    public Task Done() => running == 0 ? Task.CompletedTask : idle.Task;

    /// <summary>Something that a press began goes on; to be called from the circuit's own thread, as is <see cref="End"/>.</summary>
    public void Begin()
    {
        if (running++ == 0)
        {
            failed = null;
        }
    }

    /// <summary>What goes on failed, and so much of it is saved.</summary>
    public void Fail(Saved saved) => failed = failed > saved ? failed : saved;

    public void End()
    {
        if (--running == 0)
        {
            idle.TrySetResult();
            idle = new TaskCompletionSource();
        }
    }

    /// <summary>Whether this person has changed anything since then, by whatever circuit.</summary>
    [JSInvokable]
    public async Task<bool> WentThrough(double secondsAgo)
    {
        var ago = TimeSpan.FromSeconds(double.IsFinite(secondsAgo) ? Math.Clamp(secondsAgo, 0, Longest.TotalSeconds) : 0);
        var (actor, since) = (await current.GetAsync(), clock.GetUtcNow() - ago - Slack);
        await using var db = await dbs.CreateDbContextAsync();
        return await db.AuditEntries.AnyAsync(entry =>
            entry.AccountId == actor.AccountId && entry.UserId == actor.UserId && entry.ResourceId != null && entry.At >= since
        );
    }

    public void Dispose() => Reference.Dispose();
}
