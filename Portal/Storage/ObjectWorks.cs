using System.Collections.Concurrent;
using Portal.Model.Accounts;

namespace Portal.Storage;

/// <summary>
/// The changes of many objects that are under way in this process. They outlive the page that began them, and open the bucket for themselves; they do not outlive the process: what is left of
/// one is then where it was, and can be asked for again, since each object is copied before its original is deleted.
/// </summary>
public sealed partial class ObjectWorks(BucketGateway buckets, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<ObjectWorks> log)
{
    /// <summary>How long one that ended waits to be seen.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<Guid, ObjectWork> works = new();
    private readonly Lock gate = new();
    private Action<ObjectWork> changed = _ => { };

    /// <summary>Begins, and returns at once.</summary>
    public ObjectWork Start(Actor actor, OpenBucket bucket, string title, string verb, Func<OpenBucket, ObjectWork, CancellationToken, Task> run)
    {
        Array.ForEach([.. works.Values.Where(old => old.EndedAt < clock.GetUtcNow() - Kept)], Dismiss);
        var (id, work) = (Guid.NewGuid(), new ObjectWork { AccountId = actor.AccountId, BucketId = bucket.Id, Title = title, Verb = verb });
        work.Changed = () => changed(work);
        works[id] = work;
        _ = Task.Run(() => RunAsync(actor, work, run));
        return work;
    }

    /// <summary>Those of one bucket, the ended ones that nobody dismissed included.</summary>
    public IReadOnlyList<ObjectWork> Of(string accountId, string bucketId) =>
        [.. works.Values.Where(work => work.AccountId == accountId && work.BucketId == bucketId)];

    public void Dismiss(ObjectWork work)
    {
        if (work.IsOver && works.FirstOrDefault(entry => entry.Value == work) is { Value: not null } found && works.TryRemove(found.Key, out _))
        {
            work.Dispose();
        }
    }

    /// <summary>Calls back, on any thread and often, until disposed.</summary>
    public IDisposable Subscribe(Action<ObjectWork> onChange)
    {
        lock (gate)
        {
            changed += onChange;
        }

        return new Subscription(this, onChange);
    }

    private async Task RunAsync(Actor actor, ObjectWork work, Func<OpenBucket, ObjectWork, CancellationToken, Task> run)
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

    private sealed class Subscription(ObjectWorks works, Action<ObjectWork> onChange) : IDisposable
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
