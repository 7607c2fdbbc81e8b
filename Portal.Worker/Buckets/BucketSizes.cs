using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

/// <summary>Samples what all buckets hold in one pass, and notices those that came or went with another tool than Portal.</summary>
public sealed class BucketSizes(IDbContextFactory<PortalDb> dbs, RegionName region, TimeProvider clock)
{
    private const int AtOnce = 200;

    /// <summary>Every write wakes the pages that show a bucket; the time alone is worth that only now and then.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(10);

    public async Task MeasureAsync(IObjectStore store, CancellationToken ct)
    {
        // Those that were there before the store was asked must be in its answer.
        var before = await ThereAsync(ct);
        var held = await store.BucketsAsync(ct);
        var contents = held.ToDictionary(content => content.Name, StringComparer.Ordinal);
        var users = before.Exists(row => contents.GetValueOrDefault(row.Bucket.Name)?.Bucket != row.Bucket)
            ? (await store.UsersAsync(ct)).ToHashSet(StringComparer.Ordinal)
            : null;
        var round = new Round();
        await round.EachAsync(
            before.Chunk(AtOnce),
            chunk => chunk[0].Id,
            (chunk, token) => MeasureAsync([.. chunk.Select(row => row.Id)], contents, users, token),
            ct
        );
        await FindAsync(round, held, ct);
        round.End();
    }

    private async Task MeasureAsync(string[] ids, Dictionary<string, BucketContent> contents, HashSet<string>? users, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var buckets = await db.Buckets.Where(bucket => ids.Contains(bucket.Id) && bucket.State != BucketState.Deleted).ToListAsync(ct);
        var now = clock.GetUtcNow();
        foreach (var bucket in buckets)
        {
            // Not a later one of the same name, nor one that an operator gave to somebody else.
            if (contents.GetValueOrDefault(bucket.Name) is { } content && content.Bucket == bucket.InStore())
            {
                Write(bucket, content, now);
            }
            else if (users?.Contains(bucket.UserId) is true)
            {
                // A store that does not know the owner either is another store: then nothing was deleted.
                await ObserveDeletedAsync(db, bucket, now, ct);
            }
        }

        await BucketMeter.RecordAsync(db, buckets, now, ct);
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            // The job of one of them was at it; all of these are measured again a minute later.
        }
    }

    /// <summary>
    /// Also one that is to be deleted anyway, whose job may wait for its turn for long: until then its name would hide whoever has it now.
    /// </summary>
    private static Task ObserveDeletedAsync(PortalDb db, Bucket bucket, DateTimeOffset now, CancellationToken ct)
    {
        if (bucket.Goal is BucketGoal.Available)
        {
            db.AuditEntries.Add(
                Actor
                    .Portal(bucket.AccountId)
                    .Audit(
                        now,
                        "ObserveBucket",
                        bucket.Id,
                        after: new { Status = Bucket.Spell(BucketState.Deleted), Because = "It was deleted with another tool." }
                    )
            );
        }

        bucket.ObserveDeleted(now);
        return BucketGrants.RevokeAsync(db, bucket, now, ct);
    }

    private static void Write(Bucket bucket, BucketContent content, DateTimeOffset now)
    {
        // While it is emptied, its job counts.
        if (
            bucket.Goal is BucketGoal.Available
            && ((bucket.Bytes, bucket.Objects) != (content.Bytes, content.Objects) || bucket.MeasuredAt is not { } at || now - at > Stale)
        )
        {
            bucket.Measure(content.Bytes, content.Objects, now);
        }
    }

    /// <summary>Buckets of Portal's users of which there is no row: made with <c>aws s3 mb</c>.</summary>
    private async Task FindAsync(Round round, IReadOnlyList<BucketContent> held, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var known = (
            await db
                .Buckets.Where(bucket =>
                    bucket.RegionId == region.Id && bucket.State != BucketState.Deleted && bucket.State != BucketState.Failed
                )
                .Select(bucket => bucket.Name)
                .ToListAsync(ct)
        ).ToHashSet(StringComparer.Ordinal);
        var strange = held.Where(content => !known.Contains(content.Name)).ToList();
        var owners = strange.Select(content => content.UserId).Distinct(StringComparer.Ordinal).ToArray();
        var users = await db
            .ObjectStoreUsers.AsNoTracking()
            .Where(user => owners.Contains(user.Id) && user.RegionId == region.Id)
            .ToDictionaryAsync(user => user.Id, StringComparer.Ordinal, ct);
        await round.EachAsync(
            strange,
            content => content.Name,
            async (content, token) =>
            {
                if (users.TryGetValue(content.UserId, out var user))
                {
                    await AddAsync(user, content, token);
                }
                else if (content.UserId.StartsWith($"{ObjectStoreUser.Prefix}-", StringComparison.Ordinal))
                {
                    await Incidents.OpenAsync(
                        db,
                        null,
                        content.UserId,
                        IncidentKinds.Orphan,
                        $"The object store holds buckets of {content.UserId}, which this database does not know.",
                        clock.GetUtcNow(),
                        token
                    );
                }
            },
            ct
        );
    }

    private async Task AddAsync(ObjectStoreUser user, BucketContent content, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var (id, now) = (ResourceIds.New(Bucket.Prefix), clock.GetUtcNow());
        var bucket = new Bucket
        {
            Id = id,
            AccountId = user.AccountId,
            ProjectId = user.ProjectId,
            RegionId = user.RegionId,
            UserId = user.Id,
            Name = content.Name,
            CreatedAt = content.CreatedAt,
            RequestToken = id,
        }.Found(content.StoreId);
        bucket.Measure(content.Bytes, content.Objects, now);
        db.Buckets.Add(bucket);
        db.AuditEntries.Add(
            Actor
                .Portal(user.AccountId)
                .Audit(
                    now,
                    "ObserveBucket",
                    id,
                    after: new
                    {
                        bucket.Name,
                        bucket.Status,
                        Because = "It was made with another tool.",
                    }
                )
        );
        await BucketMeter.RecordAsync(db, [bucket], now, ct);
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException)
        {
            // The same name was asked for in Portal at this moment; its job finds the bucket.
        }
    }

    private async Task<List<There>> ThereAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        return await db
            .Buckets.Where(bucket => bucket.RegionId == region.Id && bucket.StoreId != null && bucket.State != BucketState.Deleted)
            .OrderBy(bucket => bucket.Id)
            .Select(bucket => new There(bucket.Id, new BucketInStore(bucket.UserId, bucket.Name, bucket.StoreId!)))
            .ToListAsync(ct);
    }

    private sealed record There(string Id, BucketInStore Bucket);
}
