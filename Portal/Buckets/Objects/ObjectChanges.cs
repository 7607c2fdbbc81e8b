using Amazon.S3.Model;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>Has objects deleted, moved and renamed, one or a hundred thousand, and makes folders.</summary>
public sealed class ObjectChanges(ChangeObjects change)
{
    public Task<Outcome<ObjectOperation>> DeleteAsync(Actor actor, OpenBucket bucket, ObjectSelection what, string title) =>
        change.DeleteAsync(actor, bucket.Id, what, title, CancellationToken.None);

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
        var move = new ObjectMove(from, to);
        return (what.WhyNotMove(move) ?? await WhyTakenAsync(bucket, what, move)) is { } refusal
            ? refusal
            : await change.MoveAsync(actor, bucket.Id, what, move, title, CancellationToken.None);
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

    /// <summary>Who moves one thing hears at once that its new name is taken; of many it is told of each that is.</summary>
    private static async Task<Refusal?> WhyTakenAsync(OpenBucket bucket, ObjectSelection what, ObjectMove move)
    {
        if (what is not { AllUnder: null, Names: [var one] })
        {
            return null;
        }

        var target = move.Of(one);
        var found = await bucket.S3.ListObjectsV2Async(
            new ListObjectsV2Request
            {
                BucketName = bucket.Name,
                Prefix = target,
                MaxKeys = 1,
            }
        );
        return found.S3Objects is [var first, ..] && (first.Key == target || ObjectSelection.IsFolder(target))
            ? Refusal.Duplicate($"There is something called “{ObjectKey.NameOf(target)}” already.")
            : null;
    }
}
