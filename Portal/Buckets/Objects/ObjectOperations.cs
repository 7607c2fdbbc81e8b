using System.Collections.Concurrent;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>
/// The changes of many objects that are under way in this process. They outlive the page that began them, and open the bucket for
/// themselves; they do not outlive the process: what is left of one is then where it was, and can be asked for again, since each object is
/// copied before its original is deleted.
/// </summary>
public sealed partial class ObjectOperations(
    BucketGateway buckets,
    IHostApplicationLifetime lifetime,
    TimeProvider clock,
    ILogger<ObjectOperations> log
)
{
    /// <summary>How long one that ended waits to be seen.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    /// <summary>Of one account at a time; what ended and was not looked at is kept for as many more.</summary>
    public const int MostAtOnce = 10;

    private readonly ConcurrentDictionary<Guid, ObjectOperation> works = new();
    private readonly Lock gate = new();
    private Action<ObjectOperation> changed = _ => { };

    /// <summary>Begins, and returns at once; or is refused, since each holds memory and connections of this process.</summary>
    /// <param name="note">Writes down that it was asked for; if that fails it does not begin.</param>
    public async Task<Outcome<ObjectOperation>> StartAsync(
        Actor actor,
        OpenBucket bucket,
        string title,
        string verb,
        Func<Task> note,
        Func<OpenBucket, ObjectOperation, CancellationToken, Task> run
    )
    {
        Array.ForEach([.. works.Values.Where(old => old.EndedAt < clock.GetUtcNow() - Kept)], Dismiss);
        var (id, work) = (
            Guid.NewGuid(),
            new ObjectOperation
            {
                AccountId = actor.AccountId,
                BucketId = bucket.Id,
                Title = title,
                Verb = verb,
            }
        );
        work.Changed = () => changed(work);
        if (!TryAdd(id, work))
        {
            work.Dispose();
            return Refusal.Limit($"{MostAtOnce} changes of objects are under way already. Wait until one of them has ended, or stop one.");
        }

        try
        {
            await note();
        }
        catch
        {
            works.TryRemove(id, out _);
            work.Dispose();
            throw;
        }

        _ = Task.Run(() => RunAsync(actor, work, run));
        return work;
    }

    /// <summary>One after the other, so that those who come at the same moment are counted.</summary>
    private bool TryAdd(Guid id, ObjectOperation work)
    {
        lock (gate)
        {
            var mine = works.Values.Where(known => known.AccountId == work.AccountId).ToList();
            if (mine.Count(known => !known.IsOver) >= MostAtOnce)
            {
                return false;
            }

            mine.FindAll(known => known.IsOver).OrderByDescending(known => known.EndedAt).Skip(MostAtOnce - 1).ToList().ForEach(Dismiss);
            return works.TryAdd(id, work);
        }
    }

    /// <summary>Those of one bucket, the ended ones that nobody dismissed included.</summary>
    public IReadOnlyList<ObjectOperation> Of(string accountId, string bucketId) =>
        [.. works.Values.Where(work => work.AccountId == accountId && work.BucketId == bucketId)];

    public void Dismiss(ObjectOperation work)
    {
        if (
            work.IsOver
            && works.FirstOrDefault(entry => entry.Value == work) is { Value: not null } found
            && works.TryRemove(found.Key, out _)
        )
        {
            work.Dispose();
        }
    }

    /// <summary>Calls back, on any thread and often, until disposed.</summary>
    public IDisposable Subscribe(Action<ObjectOperation> onChange)
    {
        lock (gate)
        {
            changed += onChange;
        }

        return new Subscription(this, onChange);
    }

    private async Task RunAsync(Actor actor, ObjectOperation work, Func<OpenBucket, ObjectOperation, CancellationToken, Task> run)
    {
        string? reason = null;
        try
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(work.Stopping, lifetime.ApplicationStopping);
            var opened = await buckets.OpenAsync(actor, work.BucketId, ended.Token);
            using var bucket = opened.Value;
            reason = opened.Reason;
            await (bucket is null ? Task.CompletedTask : run(bucket, work, ended.Token));
        }
        catch (OperationCanceledException)
        {
            reason = "Stopped.";
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            reason = StorageFault.Sentence(error);
        }
        catch (Exception error)
        {
            LogFailed(log, error, work.Title);
            reason = "It could not go on.";
        }

        work.End(reason, clock.GetUtcNow());
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Title} failed")]
    private static partial void LogFailed(ILogger log, Exception error, string title);

    private sealed class Subscription(ObjectOperations works, Action<ObjectOperation> onChange) : IDisposable
    {
        public void Dispose()
        {
            lock (works.gate)
            {
                works.changed = works.changed - onChange ?? (_ => { });
            }
        }
    }
}
