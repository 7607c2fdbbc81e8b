using Microsoft.EntityFrameworkCore;
using Microsoft.JSInterop;
using Portal.Accounts;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>
/// What a circuit has heard of the buttons that are pressed on its page (<c>presses.js</c>). The browser numbers them and tells each right after its event. When the line broke off it asks again, and can say
/// what became of the last one. Of a circuit that is gone the audit knows: each change is in it, in the same transaction.
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
    private int last, running;

    public Presses(IDbContextFactory<PortalDb> dbs, CurrentActor current, TimeProvider clock)
    {
        (this.dbs, this.current, this.clock) = (dbs, current, clock);
        Reference = DotNetObjectReference.Create(this);
    }

    /// <summary>What the browser calls.</summary>
    public DotNetObjectReference<Presses> Reference { get; }

    /// <summary>The newest that was heard of, this one included; 0 asks only.</summary>
    [JSInvokable]
    public int Heard(int number) => last = Math.Max(last, number);

    /// <summary>Answers as soon as nothing is being done any more that a press began.</summary>
    [JSInvokable]
    public Task Done() => running == 0 ? Task.CompletedTask : idle.Task;

    /// <summary>Something that a press began goes on; to be called from the circuit's own thread, as is <see cref="End"/>.</summary>
    public void Begin() => running++;

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
        return await db.AuditEntries.AnyAsync(entry => entry.AccountId == actor.AccountId && entry.UserId == actor.UserId && entry.ResourceId != null && entry.At >= since);
    }

    public void Dispose() => Reference.Dispose();
}
