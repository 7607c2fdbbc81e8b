using System.Collections.Concurrent;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Compute;

namespace Portal.Tests.Buckets;

/// <summary>An object store that keeps the contract in memory and fails on demand.</summary>
public sealed class InMemoryStore(TimeProvider? clock = null) : IObjectStores, IObjectStore
{
    private readonly Lock gate = new();
    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly Dictionary<string, StoreUser> users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string UserId, string Secret)> keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredBucket> buckets = new(StringComparer.Ordinal);
    private readonly Dictionary<(string UserId, string Bucket, DateTimeOffset Hour), BucketTraffic> traffic = [];
    private readonly ConcurrentDictionary<(string Call, FaultPoint Point), EngineException> once = new();
    private int made;

    /// <summary>While set, every call fails with <see cref="EngineFault.Unavailable"/> and this sentence.</summary>
    public string? Away { get; set; }

    /// <summary>While set, it says this to who writes on trial, and takes nothing.</summary>
    public string? Full { get; set; }

    /// <summary>How many objects one batch removes at most.</summary>
    public int Batch { get; set; } = 1000;

    /// <summary>Called before each call has its effect.</summary>
    public Func<string, Task>? Hook { get; set; }

    public IReadOnlyDictionary<string, StoreUser> Users => users;

    public IReadOnlyCollection<string> Keys => keys.Keys;

    public IReadOnlyCollection<string> Names => buckets.Keys;

    public long? QuotaOf(string bucket) => buckets[bucket].MaxBytes;

    public IReadOnlyList<BucketGrant> GrantsOf(string bucket) => buckets[bucket].Grants;

    public IObjectStore Open(StoreAccess access) => this;

    /// <summary>As if its owner had written a policy that denies deleting to everybody.</summary>
    public void Deny(string bucket) => buckets[bucket].IsDenied = true;

    /// <summary>The next call of this verb fails, those after it do not.</summary>
    public void FailOnce(string call, FaultPoint point, EngineFault fault = EngineFault.Unavailable) =>
        once[(call, point)] = new EngineException(
            fault,
            $"{call} was made to fail {(point is FaultPoint.Before ? "before" : "after")} its effect."
        );

    public bool Put(StoreKey key, string bucket, string name, int bytes)
    {
        lock (gate)
        {
            if (
                !Allows(key, bucket, KeyRights.ReadWrite)
                || buckets[bucket] is var there && there.Bytes + bytes > (there.MaxBytes ?? long.MaxValue)
                || buckets.Values.Where(other => other.UserId == buckets[bucket].UserId).Sum(other => other.Bytes) + bytes
                    > users[buckets[bucket].UserId].MaxBytes
                || buckets.Values.Where(other => other.UserId == buckets[bucket].UserId).Sum(other => other.Objects.Count)
                    >= users[buckets[bucket].UserId].MaxObjects
            )
            {
                return false;
            }

            buckets[bucket].Objects[name] = bytes;
            Count(bucket, 0, 1, 0);
            return true;
        }
    }

    public bool Read(StoreKey key, string bucket, string name)
    {
        lock (gate)
        {
            if (!Allows(key, bucket, KeyRights.ReadOnly) || !buckets[bucket].Objects.TryGetValue(name, out var bytes))
            {
                return false;
            }

            Count(bucket, bytes, 0, 1);
            return true;
        }
    }

    /// <summary>As if this much had been read, in this many requests.</summary>
    public void CountReads(string bucket, long bytes, int reads)
    {
        lock (gate)
        {
            Count(bucket, bytes, 0, reads);
        }
    }

    public void Fill(string bucket, int objects, int bytes)
    {
        lock (gate)
        {
            for (var i = 0; i < objects; i++)
            {
                buckets[bucket].Objects[$"{i:d8}"] = bytes;
            }
        }
    }

    /// <summary>Each object with its size, which stands for its content.</summary>
    public IReadOnlyDictionary<string, int> ObjectsOf(string bucket)
    {
        lock (gate)
        {
            return new Dictionary<string, int>(buckets[bucket].Objects, StringComparer.Ordinal);
        }
    }

    /// <summary>Writes one with another tool.</summary>
    public void Write(string bucket, string name, int bytes)
    {
        lock (gate)
        {
            buckets[bucket].Objects[name] = bytes;
        }
    }

    public Task CheckAsync(CancellationToken ct) => CallAsync(nameof(CheckAsync), () => true, ct);

    public Task<string?> WhyNotTakingAsync(CancellationToken ct) => CallAsync(nameof(WhyNotTakingAsync), () => Full, ct);

    public Task EnsureUserAsync(StoreUser user, CancellationToken ct) =>
        CallAsync(nameof(EnsureUserAsync), () => users[user.Id] = user, ct);

    public Task RemoveUserAsync(string userId, CancellationToken ct) =>
        CallAsync(
            nameof(RemoveUserAsync),
            () =>
            {
                if (buckets.Values.Any(bucket => bucket.UserId == userId))
                {
                    throw new EngineException(EngineFault.Rejected, "The user still owns a bucket.");
                }

                foreach (var key in keys.Where(key => key.Value.UserId == userId).Select(key => key.Key).ToList())
                {
                    keys.Remove(key);
                }

                return users.Remove(userId);
            },
            ct
        );

    public Task EnsureKeyAsync(string userId, StoreKey key, CancellationToken ct) =>
        CallAsync(
            nameof(EnsureKeyAsync),
            () =>
                users.ContainsKey(userId)
                    ? keys[key.AccessKeyId] = (userId, key.Secret)
                    : throw new EngineException(EngineFault.Missing, "There is no such user."),
            ct
        );

    public Task RemoveKeyAsync(string userId, string accessKeyId, CancellationToken ct) =>
        CallAsync(nameof(RemoveKeyAsync), () => keys.Remove(accessKeyId), ct);

    public Task<IReadOnlyList<string>> UsersAsync(CancellationToken ct) =>
        CallAsync<IReadOnlyList<string>>(nameof(UsersAsync), () => [.. users.Keys], ct);

    public Task<BucketInStore> EnsureBucketAsync(string userId, StoreKey owner, string name, CancellationToken ct) =>
        CallAsync(
            nameof(EnsureBucketAsync),
            () =>
            {
                Assert.Equal(userId, Owner(owner));
                if (buckets.TryGetValue(name, out var known))
                {
                    return known.UserId == userId
                        ? new BucketInStore(userId, name, known.StoreId)
                        : throw new EngineException(EngineFault.Rejected, "The name belongs to somebody else's bucket.");
                }

                if (buckets.Values.Count(other => other.UserId == userId) >= users[userId].MaxBuckets)
                {
                    throw new EngineException(EngineFault.Rejected, "Your quota of buckets is used up.");
                }

                buckets[name] = new StoredBucket(userId, $"store-{++made}", clock.GetUtcNow());
                Count(name, 0, 1, 0);
                return new BucketInStore(userId, name, buckets[name].StoreId);
            },
            ct
        );

    public Task SetQuotaAsync(BucketInStore bucket, long? maxBytes, CancellationToken ct) =>
        CallAsync(nameof(SetQuotaAsync), () => There(bucket).MaxBytes = maxBytes, ct);

    public Task EnsureGrantsAsync(StoreKey owner, BucketInStore bucket, IReadOnlyList<BucketGrant> grants, CancellationToken ct) =>
        CallAsync(nameof(EnsureGrantsAsync), () => There(bucket).Grants = [.. grants], ct);

    public Task<EmptiedBatch> EmptyAsync(StoreKey owner, BucketInStore bucket, CancellationToken ct) =>
        CallAsync(
            nameof(EmptyAsync),
            () =>
            {
                var there = Allowed(There(bucket));
                var batch = there.Objects.Keys.Take(Batch).ToList();
                batch.ForEach(name => there.Objects.Remove(name));
                return new EmptiedBatch(batch.Count, there.Objects.Count == 0);
            },
            ct
        );

    public Task<ObjectPage> ListObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        string prefix,
        string? after,
        int most,
        CancellationToken ct
    ) =>
        CallAsync(
            nameof(ListObjectsAsync),
            () =>
            {
                var found = OwnedBy(owner, bucket)
                    .Objects.Where(one =>
                        one.Key.StartsWith(prefix, StringComparison.Ordinal)
                        && (after is null || KeyOrder.Instance.Compare(one.Key, after) > 0)
                    )
                    .OrderBy(one => one.Key, KeyOrder.Instance)
                    .ToList();
                return new ObjectPage([.. found.Take(most).Select(one => Stored(one.Key, one.Value))], found.Count <= most);
            },
            ct
        );

    public Task<IReadOnlyList<StoredObject>> FindObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        IReadOnlyCollection<string> keys,
        CancellationToken ct
    ) =>
        CallAsync<IReadOnlyList<StoredObject>>(
            nameof(FindObjectsAsync),
            () =>
            {
                var there = OwnedBy(owner, bucket).Objects;
                return [.. keys.Where(there.ContainsKey).Select(key => Stored(key, there[key]))];
            },
            ct
        );

    public Task<IReadOnlyList<ObjectProblem>> DeleteObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        IReadOnlyList<string> keys,
        CancellationToken ct
    ) =>
        CallAsync<IReadOnlyList<ObjectProblem>>(
            nameof(DeleteObjectsAsync),
            () =>
            {
                Assert.InRange(keys.Count, 1, 1000);
                var there = OwnedBy(owner, bucket);
                if (there.IsDenied)
                {
                    return [.. keys.Select(key => new ObjectProblem(key, S3Sentences.Denied))];
                }

                foreach (var key in keys)
                {
                    there.Objects.Remove(key);
                }

                return [];
            },
            ct
        );

    public Task<IReadOnlyList<ObjectProblem>> CopyObjectsAsync(
        StoreKey owner,
        BucketInStore bucket,
        IReadOnlyList<ObjectRename> copies,
        bool isAgain,
        CancellationToken ct
    ) =>
        CallAsync<IReadOnlyList<ObjectProblem>>(
            nameof(CopyObjectsAsync),
            () =>
            {
                var there = OwnedBy(owner, bucket).Objects;
                var problems = new List<ObjectProblem>();
                foreach (var (from, to) in copies)
                {
                    if (!there.TryGetValue(from.Key, out var bytes) || Stored(from.Key, bytes) != from)
                    {
                        problems.Add(new ObjectProblem(from.Key, S3Sentences.ChangedMeanwhile));
                        continue;
                    }

                    there[to] = bytes;
                }

                return problems;
            },
            ct
        );

    public Task<bool> DeleteBucketAsync(StoreKey owner, BucketInStore bucket, CancellationToken ct) =>
        CallAsync(
            nameof(DeleteBucketAsync),
            () =>
            {
                if (Find(bucket) is not { } there)
                {
                    return true;
                }

                return Allowed(there).Objects.Count == 0 && buckets.Remove(bucket.Name);
            },
            ct
        );

    public Task OverrideDenialAsync(StoreKey owner, BucketInStore bucket, CancellationToken ct) =>
        CallAsync(nameof(OverrideDenialAsync), () => Find(bucket) is { } there && (there.IsDenied = false), ct);

    public Task<IReadOnlyList<BucketContent>> BucketsAsync(CancellationToken ct) =>
        CallAsync<IReadOnlyList<BucketContent>>(
            nameof(BucketsAsync),
            () =>
                [
                    .. buckets.Select(row => new BucketContent(
                        row.Key,
                        row.Value.UserId,
                        row.Value.StoreId,
                        row.Value.Bytes,
                        row.Value.Objects.Count,
                        row.Value.MadeAt
                    )),
                ],
            ct
        );

    public Task<IReadOnlyList<BucketTraffic>> TrafficAsync(DateTimeOffset since, CancellationToken ct) =>
        CallAsync<IReadOnlyList<BucketTraffic>>(nameof(TrafficAsync), () => [.. traffic.Values.Where(count => count.Hour >= since)], ct);

    public Task ForgetTrafficAsync(DateTimeOffset before, CancellationToken ct) =>
        CallAsync(
            nameof(ForgetTrafficAsync),
            () =>
            {
                foreach (var key in traffic.Keys.Where(key => key.Hour < before).ToList())
                {
                    traffic.Remove(key);
                }

                return true;
            },
            ct
        );

    private async Task<T> CallAsync<T>(string call, Func<T> effect, CancellationToken ct)
    {
        await Task.Yield();
        ct.ThrowIfCancellationRequested();
        if (Away is { } sentence)
        {
            throw new EngineException(EngineFault.Unavailable, sentence);
        }

        Fault(call, FaultPoint.Before);
        await (Hook?.Invoke(call) ?? Task.CompletedTask);
        T answer;
        lock (gate)
        {
            answer = effect();
        }

        Fault(call, FaultPoint.After);
        return answer;
    }

    private void Fault(string call, FaultPoint point)
    {
        if (once.TryRemove((call, point), out var fault))
        {
            throw fault;
        }
    }

    private StoredBucket OwnedBy(StoreKey owner, BucketInStore bucket)
    {
        var there = There(bucket);
        Assert.Equal(bucket.UserId, Owner(owner));
        return there;
    }

    private static StoredObject Stored(string key, int bytes) =>
        new(key, bytes, bytes.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private string Owner(StoreKey key) =>
        keys.TryGetValue(key.AccessKeyId, out var known) && known.Secret == key.Secret && !users[known.UserId].IsSuspended
            ? known.UserId
            : throw new EngineException(EngineFault.Unavailable, "The object store does not know this key, or its user is suspended.");

    private StoredBucket? Find(BucketInStore bucket) =>
        buckets.TryGetValue(bucket.Name, out var there) && (there.UserId, there.StoreId) == (bucket.UserId, bucket.StoreId) ? there : null;

    private StoredBucket There(BucketInStore bucket) =>
        Find(bucket) ?? throw new EngineException(EngineFault.Missing, "There is no such bucket.");

    private static StoredBucket Allowed(StoredBucket bucket) =>
        bucket.IsDenied ? throw new EngineException(EngineFault.Rejected, "Its policy denies deleting.") : bucket;

    private bool Allows(StoreKey key, string bucket, KeyRights wanted) =>
        keys.TryGetValue(key.AccessKeyId, out var known)
        && known.Secret == key.Secret
        && !users[known.UserId].IsSuspended
        && buckets.TryGetValue(bucket, out var there)
        && !users[there.UserId].IsSuspended
        && (
            there.UserId == known.UserId
            || there.Grants.Any(grant =>
                grant.UserId == known.UserId && (wanted is KeyRights.ReadOnly || grant.Rights is KeyRights.ReadWrite)
            )
        );

    private void Count(string bucket, long bytes, int writes, int reads)
    {
        var now = clock.GetUtcNow();
        var key = (buckets[bucket].UserId, bucket, now.AddTicks(-(now.UtcTicks % TimeSpan.TicksPerHour)));
        var before = traffic.GetValueOrDefault(key) ?? new BucketTraffic(key.UserId, bucket, key.Item3, 0, 0, 0);
        traffic[key] = before with { BytesOut = before.BytesOut + bytes, Writes = before.Writes + writes, Reads = before.Reads + reads };
    }

    private sealed class StoredBucket(string userId, string storeId, DateTimeOffset madeAt)
    {
        public string UserId => userId;

        public string StoreId => storeId;

        public DateTimeOffset MadeAt => madeAt;

        public Dictionary<string, int> Objects { get; } = new(StringComparer.Ordinal);

        public IReadOnlyList<BucketGrant> Grants { get; set; } = [];

        public long? MaxBytes { get; set; }

        public bool IsDenied { get; set; }

        public long Bytes => Objects.Values.Sum(size => (long)size);
    }
}
