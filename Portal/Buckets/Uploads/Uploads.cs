using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.AspNetCore.StaticFiles;
using Portal.Model.Buckets;

namespace Portal.Buckets;

/// <summary>
/// The web's part of uploads: it plans, signs, completes and aborts; the bytes go from the browser to S3. It keeps nothing: whatever is
/// asked twice is answered from what S3 says.
/// </summary>
public static class Uploads
{
    /// <summary>How long a signed address works; the browser asks anew after three quarters of it.</summary>
    public static readonly TimeSpan AddressLife = TimeSpan.FromHours(1);

    public const int MostFilesAtOnce = 100;
    public const int MostPartsAtOnce = 100;

    /// <summary>S3 takes 10,000 parts, of an object of 5 TiB.</summary>
    public const int MostParts = 10_000;

    public const long LargestObject = 5L << 40;

    /// <summary>Of one answer, in bytes, leaving some room for the braces: nobody gets much for a small question.</summary>
    private const int LargestAnswer = 60_000;

    /// <summary>Of a signature and its neighbours in an address, and of what else an answer says of a file.</summary>
    private const int AroundAddress = 640;

    /// <summary>What is not larger goes in one request.</summary>
    private const long LargestWhole = 8 << 20;

    private const long MiB = 1 << 20;

    private static readonly FileExtensionContentTypeProvider Types = new();

    /// <summary>Parts of 8 MiB; larger where there would be too many. What is lost with a broken connection is one part.</summary>
    public static long PartSize(long size) => Math.Max(LargestWhole, ((size / (MostParts - 1)) + MiB - 1) / MiB * MiB);

    public static async Task<UploadPlans> BeginAsync(OpenBucket bucket, IReadOnlyList<UploadFile> files, CancellationToken ct)
    {
        var plans = new UploadPlan[CountInAnswer(files, file => LengthOfPlan(bucket, file))];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, plans.Length),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ct },
            async (index, token) => plans[index] = await PlanAsync(bucket, files[index], token)
        );
        return new UploadPlans(plans);
    }

    public static SignedParts Sign(OpenBucket bucket, SignParts ask)
    {
        var urls = ask
            .Parts.Select(part =>
                bucket.Link(HttpVerb.PUT, ask.Key, AddressLife, request => (request.UploadId, request.PartNumber) = (ask.UploadId, part))
            )
            .ToList();
        return new SignedParts(urls[..CountInAnswer(urls, url => url.Length)]);
    }

    /// <summary>Puts the parts together if all of them are there, else says which are not. Done again, it finds the object.</summary>
    public static async Task<CompletedUpload> CompleteAsync(OpenBucket bucket, CompleteUpload ask, CancellationToken ct)
    {
        try
        {
            var parts = await PartsAsync(bucket, ask.Key, ask.UploadId, ct);
            var missing = Enumerable
                .Range(1, PartCount(ask.Size))
                .Where(number => parts.GetValueOrDefault(number)?.Size != Length(number, ask.Size))
                .ToList();
            if (missing.Count > 0)
            {
                return new CompletedUpload(missing);
            }

            await bucket.S3.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest
                {
                    BucketName = bucket.Name,
                    Key = ask.Key,
                    UploadId = ask.UploadId,
                    PartETags = [.. parts.Values.Select(part => new PartETag(part.PartNumber ?? 0, part.ETag))],
                },
                ct
            );
        }
        catch (AmazonS3Exception gone) when (StorageFault.IsMissing(gone))
        {
            // Completed before, and the answer was lost: then the object is there, made of so many parts.
            if (!await IsThereAsync(bucket, ask, ct))
            {
                throw;
            }
        }

        return new CompletedUpload(null);
    }

    public static async Task AbortAsync(OpenBucket bucket, AbortUpload ask, CancellationToken ct)
    {
        try
        {
            await bucket.S3.AbortMultipartUploadAsync(bucket.Name, ask.Key, ask.UploadId, ct);
        }
        catch (AmazonS3Exception gone) when (StorageFault.IsMissing(gone))
        {
            // Aborted or completed already.
        }
    }

    private static async Task<UploadPlan> PlanAsync(OpenBucket bucket, UploadFile file, CancellationToken ct)
    {
        if ((bucket.Store.WhyNotUpload ?? ObjectKey.Check(file.Key).Reason) is { } refused)
        {
            return new UploadPlan { Refused = refused };
        }

        if (file.Size is < 0 or > LargestObject)
        {
            return new UploadPlan { Refused = "S3 takes files of up to 5 TiB." };
        }

        var (type, partSize) = (TypeOf(file), PartSize(file.Size));
        if (file.UploadId is { } known && await DoneAsync(bucket, file, known, ct) is { } done)
        {
            return new UploadPlan
            {
                Type = type,
                UploadId = known,
                PartSize = partSize,
                Done = done,
            };
        }

        return !file.Replace && await ExistsAsync(bucket, file.Key, ct) ? new UploadPlan { Exists = true }
            : file.Size <= LargestWhole ? new UploadPlan { Type = type, Url = bucket.Link(HttpVerb.PUT, file.Key, AddressLife) }
            : new UploadPlan
            {
                Type = type,
                UploadId = await InitiateAsync(bucket, file.Key, type, ct),
                PartSize = partSize,
            };
    }

    private static async Task<string> InitiateAsync(OpenBucket bucket, string key, string type, CancellationToken ct) =>
        (
            await bucket.S3.InitiateMultipartUploadAsync(
                new InitiateMultipartUploadRequest
                {
                    BucketName = bucket.Name,
                    Key = key,
                    ContentType = type,
                },
                ct
            )
        ).UploadId;

    /// <summary>Which parts are there, whole; null if the upload is not.</summary>
    private static async Task<IReadOnlyList<int>?> DoneAsync(OpenBucket bucket, UploadFile file, string uploadId, CancellationToken ct)
    {
        try
        {
            var parts = await PartsAsync(bucket, file.Key, uploadId, ct);
            return [.. parts.Where(part => part.Value.Size == Length(part.Key, file.Size)).Select(part => part.Key)];
        }
        catch (AmazonS3Exception gone) when (StorageFault.IsMissing(gone))
        {
            return null;
        }
    }

    private static async Task<SortedDictionary<int, PartDetail>> PartsAsync(
        OpenBucket bucket,
        string key,
        string uploadId,
        CancellationToken ct
    )
    {
        var found = new SortedDictionary<int, PartDetail>();
        string? marker = null;
        do
        {
            var page = await bucket.S3.ListPartsAsync(
                new ListPartsRequest
                {
                    BucketName = bucket.Name,
                    Key = key,
                    UploadId = uploadId,
                    PartNumberMarker = marker,
                },
                ct
            );
            foreach (var part in page.Parts ?? [])
            {
                found[part.PartNumber ?? 0] = part;
            }

            marker = page.IsTruncated is true ? page.NextPartNumberMarker?.ToString(CultureInfo.InvariantCulture) : null;
        } while (marker is not null);
        return found;
    }

    private static async Task<bool> ExistsAsync(OpenBucket bucket, string key, CancellationToken ct)
    {
        try
        {
            await bucket.S3.GetObjectMetadataAsync(bucket.Name, key, ct);
            return true;
        }
        catch (AmazonS3Exception gone) when (StorageFault.IsMissing(gone))
        {
            return false;
        }
    }

    private static async Task<bool> IsThereAsync(OpenBucket bucket, CompleteUpload ask, CancellationToken ct)
    {
        try
        {
            var found = await bucket.S3.GetObjectMetadataAsync(bucket.Name, ask.Key, ct);
            return found.ContentLength == ask.Size && found.ETag.Trim('"').EndsWith($"-{PartCount(ask.Size)}", StringComparison.Ordinal);
        }
        catch (AmazonS3Exception gone) when (StorageFault.IsMissing(gone))
        {
            return false;
        }
    }

    private static int PartCount(long size) => PartSize(size) is var part ? (int)((size + part - 1) / part) : 0;

    private static long Length(int number, long size) => PartSize(size) is var part ? Math.Min(part, size - ((number - 1) * part)) : 0;

    /// <summary>How many of the first fit into one answer; one always does.</summary>
    private static int CountInAnswer<T>(IReadOnlyList<T> all, Func<T, int> length)
    {
        var (count, sum) = (0, 0);
        while (count < all.Count && ((sum += length(all[count])) <= LargestAnswer || count == 0))
        {
            count++;
        }

        return count;
    }

    /// <summary>How long what is said of a file can be: its address, in which a byte may take three, or the numbers of its parts.</summary>
    private static int LengthOfPlan(OpenBucket bucket, UploadFile file) =>
        AroundAddress
        + (2 * (file.Type?.Length ?? 0))
        + (
            file is { UploadId: not null, Size: > LargestWhole and <= LargestObject }
                ? PartCount(file.Size) * 6
                : bucket.Store.Endpoint.Length
                    + bucket.Name.Length
                    + (3 * Math.Min(Encoding.UTF8.GetByteCount(file.Key), ObjectKey.MaxBytes))
        );

    /// <summary>What the browser says, else what the name says.</summary>
    private static string TypeOf(UploadFile file) =>
        file.Type is { Length: > 0 } said && said.All(c => c is >= ' ' and <= '~') && MediaTypeHeaderValue.TryParse(said, out _) ? said
        : Types.TryGetContentType(file.Key, out var known) ? known
        : MediaTypeNames.Application.Octet;
}
