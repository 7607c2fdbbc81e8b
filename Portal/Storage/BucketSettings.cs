using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Storage;

namespace Portal.Storage;

/// <summary>How a bucket is set, as S3 tells it at this moment: what was changed with another tool shows.</summary>
public sealed record BucketSettings
{
    public required PublicRead Public { get; init; }

    /// <summary>The whole policy, Portal's statements for access keys included; null if there is none.</summary>
    public required string? Policy { get; init; }

    public required IReadOnlyList<CORSRule> Cors { get; init; }

    public required VersionStatus Versioning { get; init; }

    public required IReadOnlyList<LifecycleRule> Lifecycle { get; init; }

    public required WebsiteConfiguration? Website { get; init; }

    public bool IsVersioned => Versioning == VersionStatus.Enabled;

    public static async Task<BucketSettings> ReadAsync(OpenBucket bucket, CancellationToken ct)
    {
        var (s3, name) = (bucket.S3, bucket.Name);
        var policy = StoredPolicy.ReadAsync(s3, name, ct);
        var acl = s3.GetBucketAclAsync(new GetBucketAclRequest { BucketName = name }, ct);
        var cors = PortalCorsRule.ReadAsync(bucket, ct);
        var versioning = s3.GetBucketVersioningAsync(new GetBucketVersioningRequest { BucketName = name }, ct);
        var lifecycle = LifecycleAsync(bucket, ct);
        var website = OrNoneAsync(async () => Set((await s3.GetBucketWebsiteAsync(name, ct)).WebsiteConfiguration), "NoSuchWebsiteConfiguration");
        await Task.WhenAll(policy, acl, cors, versioning, lifecycle, website);
        var grants = new S3AccessControlList { Grants = (await acl).Grants };
        return new BucketSettings
        {
            Policy = await policy,
            Public = PublicRead.Of(BucketPolicy.OwnersPart(await policy), grants, name),
            Cors = await cors,
            Versioning = (await versioning).VersioningConfig?.Status ?? VersionStatus.Off,
            Lifecycle = await lifecycle,
            Website = await website,
        };
    }

    public static async Task<IReadOnlyList<LifecycleRule>> LifecycleAsync(OpenBucket bucket, CancellationToken ct) =>
        await OrNoneAsync(async () => (await bucket.S3.GetLifecycleConfigurationAsync(bucket.Name, ct)).Configuration?.Rules, "NoSuchLifecycleConfiguration") ?? [];

    /// <summary>Amazon's client takes the XML of an error for a website without anything.</summary>
    private static WebsiteConfiguration? Set(WebsiteConfiguration? read) => read is null or { IndexDocumentSuffix: null, RedirectAllRequestsTo: null } ? null : read;

    /// <summary>S3 answers with an error where nothing has been set.</summary>
    private static async Task<T?> OrNoneAsync<T>(Func<Task<T?>> read, string none)
        where T : class
    {
        try
        {
            return await read();
        }
        catch (AmazonS3Exception error) when (error.ErrorCode == none || (StorageFault.IsMissing(error) && error.ErrorCode != "NoSuchBucket"))
        {
            return null;
        }
    }
}
