using System.Xml.Linq;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>
/// How a bucket is set, as S3 tells it at this moment: what was changed with another tool shows. Each setting is read for itself: one that
/// cannot be read, since the bucket's own policy denies it or since it says what Portal does not understand, says so, and hides no other.
/// </summary>
public sealed record BucketSettings
{
    public required Outcome<PublicRead> Public { get; init; }

    /// <summary>The whole policy, Portal's statements for access keys included; null if there is none.</summary>
    public required Outcome<string?> Policy { get; init; }

    public required Outcome<IReadOnlyList<XElement>> Cors { get; init; }

    public required Outcome<VersionStatus> Versioning { get; init; }

    public required Outcome<IReadOnlyList<XElement>> Lifecycle { get; init; }

    /// <summary>As S3 keeps it; null if it is no website.</summary>
    public required Outcome<XElement?> Website { get; init; }

    public bool IsVersioned => Versioning.Value == VersionStatus.Enabled;

    /// <summary>Throws if the store answers nothing at all.</summary>
    public static async Task<BucketSettings> ReadAsync(OpenBucket bucket, CancellationToken ct)
    {
        var (s3, name) = (bucket.S3, bucket.Name);
        var policy = TryAsync(() => StoredPolicy.ReadAsync(s3, name, ct));
        var acl = TryAsync(() => s3.GetBucketAclAsync(new GetBucketAclRequest { BucketName = name }, ct));
        var block = TryAsync(() => bucket.Documents.ReadAsync("publicAccessBlock", ct));
        var payment = TryAsync(() => bucket.Documents.ReadAsync("requestPayment", ct));
        var cors = TryAsync(() => PortalCorsRule.ReadAsync(bucket, ct));
        var versioning = TryAsync(async () =>
            (await s3.GetBucketVersioningAsync(new GetBucketVersioningRequest { BucketName = name }, ct)).VersioningConfig?.Status
            ?? VersionStatus.Off
        );
        var lifecycle = TryAsync(() => LifecycleAsync(bucket, ct));
        var website = TryAsync(() => WebsiteAsync(bucket, ct));
        await Task.WhenAll(policy, acl, block, payment, cors, versioning, lifecycle, website);
        Exception?[] faults =
        [
            (await policy).Fault,
            (await acl).Fault,
            (await cors).Fault,
            (await versioning).Fault,
            (await lifecycle).Fault,
            (await website).Fault,
        ];
        if (faults.All(fault => fault is not null && StorageFault.IsAway(fault)))
        {
            throw faults[0]!;
        }

        var document = Readable((await policy).Told);
        return new BucketSettings
        {
            Policy = document,
            Public = (document.Refusal ?? (await acl).Told.Refusal) is { } refusal
                ? refusal
                : PublicRead.Of(document.Value, (await acl).Told.Value, (await block).Told.Value, (await payment).Told.Value, name),
            Cors = (await cors).Told,
            Versioning = (await versioning).Told,
            Lifecycle = (await lifecycle).Told,
            Website = (await website).Told,
        };
    }

    public static async Task<IReadOnlyList<XElement>> LifecycleAsync(OpenBucket bucket, CancellationToken ct) =>
        [.. (await bucket.Documents.ReadAsync("lifecycle", ct))?.Elements() ?? []];

    public static Task<XElement?> WebsiteAsync(OpenBucket bucket, CancellationToken ct) => bucket.Documents.ReadAsync("website", ct);

    private static Outcome<string?> Readable(Outcome<string?> policy) =>
        policy.Value is { } text && !BucketPolicy.IsReadable(text)
            ? new Outcome<string?>(
                text,
                Refusal.State(
                    "Portal cannot read this policy: it holds something that JSON does not allow everywhere, such as half of a character. It stays as it is."
                )
            )
            : policy;

    private static async Task<(Outcome<T> Told, Exception? Fault)> TryAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return (new Outcome<T>(await read(), null), null);
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            return (StorageFault.Refuse(error), error);
        }
    }
}
