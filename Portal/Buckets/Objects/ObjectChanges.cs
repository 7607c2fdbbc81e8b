using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>Deletes, moves and renames objects, one or a hundred thousand, as an <see cref="ObjectOperation"/>.</summary>
public sealed class ObjectChanges(ObjectOperations works, ObjectCopy copy, BucketAudit audit)
{
    /// <summary>As many as S3 deletes in one request.</summary>
    private const int Batch = 1000;

    private const int CopiesAtOnce = 8;
    private const int NamesInAudit = 20;

    public Task<Outcome<ObjectOperation>> DeleteAsync(Actor actor, OpenBucket bucket, ObjectSelection what, string title) =>
        works.StartAsync(
            actor,
            bucket,
            title,
            "deleted",
            () => AuditAsync(actor, bucket, "DeleteObjects", what, to: null),
            async (opened, work, ct) =>
            {
                await foreach (var keys in what.KeysAsync(opened, ct).Chunk(Batch).WithCancellation(ct))
                {
                    await DeleteAsync(opened, await ThereAsync(opened, what, keys, work, ct), work, counted: true, ct);
                }
            }
        );

    /// <summary>
    /// Gives each key that begins with <paramref name="from"/> a name that begins with <paramref name="to"/> instead. A file's whole key is
    /// its beginning.
    /// </summary>
    public async Task<Outcome<ObjectOperation>> MoveAsync(
        Actor actor,
        OpenBucket bucket,
        ObjectSelection what,
        string from,
        string to,
        string title
    )
    {
        if (await WhyNotMoveAsync(bucket, what, from, to) is { } refusal)
        {
            return refusal;
        }

        return await works.StartAsync(
            actor,
            bucket,
            title,
            "moved",
            () => AuditAsync(actor, bucket, "MoveObjects", what, to),
            async (opened, work, ct) =>
            {
                await foreach (var keys in what.KeysAsync(opened, ct).Chunk(Batch).WithCancellation(ct))
                {
                    await MoveAsync(opened, keys, key => to + key[from.Length..], work, ct);
                }
            }
        );
    }

    /// <summary>A folder without anything in it: S3 knows none, so tools agreed on an empty object whose name ends with a slash.</summary>
    public static async Task<Outcome> MakeFolderAsync(OpenBucket bucket, string folder, CancellationToken ct)
    {
        if (ObjectKey.Check(folder) is { IsDone: false } refused)
        {
            return refused;
        }

        var there = await bucket.S3.ListObjectsV2Async(
            new ListObjectsV2Request
            {
                BucketName = bucket.Name,
                Prefix = folder,
                MaxKeys = 1,
            },
            ct
        );
        if (there.S3Objects is { Count: > 0 })
        {
            return Refusal.Duplicate($"There is a folder “{ObjectKey.NameOf(folder)}” already.");
        }

        await bucket.S3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = folder,
                ContentBody = "",
                ContentType = "application/x-directory",
                UseChunkEncoding = false,
            },
            ct
        );
        return Outcome.Done;
    }

    private static async Task<Refusal?> WhyNotMoveAsync(OpenBucket bucket, ObjectSelection what, string from, string to)
    {
        var folders = what.Names.Where(name => name.EndsWith('/') && what.AllUnder is null);
        return to == from ? Refusal.Duplicate("It is there already.")
            : folders.Any(folder => (to + folder[from.Length..]).StartsWith(folder, StringComparison.Ordinal))
            || (
                what.AllUnder is { } all && to.StartsWith(all, StringComparison.Ordinal) && !what.Names.Contains(to, StringComparer.Ordinal)
            )
                ? Refusal.Invalid("A folder cannot be moved into itself.")
            : to.Length > 0 && ObjectKey.Check(to).Refusal is { } wrong ? wrong
            : what is { AllUnder: null, Names: [var one] } && await IsThereAsync(bucket, to + one[from.Length..])
                ? Refusal.Duplicate($"There is something called “{ObjectKey.NameOf(to + one[from.Length..])}” already.")
            : null;
    }

    private async Task MoveAsync(OpenBucket bucket, string[] keys, Func<string, string> rename, ObjectOperation work, CancellationToken ct)
    {
        var moved = new System.Collections.Concurrent.ConcurrentBag<string>();
        try
        {
            await Parallel.ForEachAsync(
                keys,
                new ParallelOptions { MaxDegreeOfParallelism = CopiesAtOnce, CancellationToken = ct },
                async (key, token) =>
                {
                    if (await CopyAsync(bucket, key, rename(key), work, token))
                    {
                        moved.Add(key);
                        work.Count(1);
                    }
                }
            );
        }
        finally
        {
            // Also when it was stopped: what has been copied is not left in two places.
            if (!moved.IsEmpty)
            {
                await DeleteAsync(bucket, [.. moved], work, counted: false, CancellationToken.None);
            }
        }
    }

    private async Task<bool> CopyAsync(OpenBucket bucket, string from, string to, ObjectOperation work, CancellationToken ct)
    {
        // Amazon's client would copy another object than the one that is deleted afterwards.
        if ((ObjectKey.WhyNotInBrowser(from) ?? ObjectKey.Check(to).Reason) is { } reason)
        {
            work.Fail(from, reason);
            return false;
        }

        try
        {
            if (await IsThereAsync(bucket, to, ct: ct))
            {
                work.Fail(from, "There is one of this name already.");
                return false;
            }

            await copy.RunAsync(bucket, from, to, null, null, ct);
            return true;
        }
        catch (AmazonS3Exception error) when (!StorageFault.IsAway(error))
        {
            work.Fail(from, StorageFault.Sentence(error));
            return false;
        }
    }

    /// <summary>
    /// Those that are there: S3 says of what never was that it is deleted, and where versioning is on marks it so. What was told by name is
    /// looked for; the rest was just listed.
    /// </summary>
    private static async Task<string[]> ThereAsync(
        OpenBucket bucket,
        ObjectSelection what,
        string[] keys,
        ObjectOperation work,
        CancellationToken ct
    )
    {
        var named = what.AllUnder is null ? what.Names.ToHashSet(StringComparer.Ordinal) : [];
        var gone = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            keys.Where(named.Contains),
            new ParallelOptions { MaxDegreeOfParallelism = CopiesAtOnce, CancellationToken = ct },
            async (key, token) =>
            {
                if (!await IsThereAsync(bucket, key, exactly: true, token))
                {
                    gone[key] = true;
                    work.Fail(key, "It was not there any more.");
                }
            }
        );
        return [.. keys.Where(key => !gone.ContainsKey(key))];
    }

    private static async Task DeleteAsync(OpenBucket bucket, string[] keys, ObjectOperation work, bool counted, CancellationToken ct)
    {
        // XML cannot spell control characters, which some tools put into names: those go one by one.
        var (odd, plain) = (keys.Where(key => !ObjectKey.IsSpelledByXml(key)).ToArray(), keys.Where(ObjectKey.IsSpelledByXml).ToArray());
        foreach (var key in odd.Where(key => ObjectKey.WhyNotInBrowser(key) is null))
        {
            await bucket.S3.DeleteObjectAsync(bucket.Name, key, ct);
        }

        var unreachable = odd.Where(key => ObjectKey.WhyNotInBrowser(key) is not null).ToList();
        unreachable.ForEach(key => work.Fail(key, ObjectKey.WhyNotInBrowser(key)!));

        var errors = plain.Length == 0 ? [] : await DeleteTogetherAsync(bucket, plain, ct);
        foreach (var error in errors)
        {
            work.Fail(error.Key, error.Code is "AccessDenied" ? "The storage refused it (AccessDenied)." : $"{error.Code}.");
        }

        work.Count(counted ? keys.Length - errors.Count - unreachable.Count : 0);
    }

    private static async Task<List<DeleteError>> DeleteTogetherAsync(OpenBucket bucket, string[] keys, CancellationToken ct)
    {
        try
        {
            var answer = await bucket.S3.DeleteObjectsAsync(
                new DeleteObjectsRequest
                {
                    BucketName = bucket.Name,
                    Quiet = true,
                    Objects = [.. keys.Select(key => new KeyVersion { Key = key })],
                },
                ct
            );
            return answer.DeleteErrors ?? [];
        }
        catch (DeleteObjectsException some)
        {
            return some.Response.DeleteErrors;
        }
    }

    /// <param name="exactly">What is in a folder is not that folder.</param>
    private static async Task<bool> IsThereAsync(OpenBucket bucket, string key, bool exactly = false, CancellationToken ct = default)
    {
        var found = await bucket.S3.ListObjectsV2Async(
            new ListObjectsV2Request
            {
                BucketName = bucket.Name,
                Prefix = key,
                MaxKeys = 1,
            },
            ct
        );
        return found.S3Objects is [var first, ..] && (first.Key == key || (!exactly && key.EndsWith('/')));
    }

    private Task AuditAsync(Actor actor, OpenBucket bucket, string action, ObjectSelection what, string? to) =>
        audit.WriteAsync(
            actor,
            bucket,
            action,
            before: new
            {
                what.AllUnder,
                Names = what.Names.Take(NamesInAudit),
                what.Names.Count,
            },
            after: to is null ? null : new { To = to }
        );
}
