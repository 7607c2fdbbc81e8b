using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Storage;

/// <summary>
/// How a region's object store is reached: the embedded one, written by its worker, or any RADOS Gateway, written by an operator. The addresses matter: a signature
/// covers the host, so that customers, the web and a proxy in between must all use the one they were signed for.
/// </summary>
public sealed class ObjectStore
{
    /// <summary>The region's id.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    /// <summary>As customers and their browsers reach it, e.g. <c>https://s3.example.com</c>; without a slash at its end.</summary>
    [MaxLength(2048)]
    public required string Endpoint { get; set; }

    /// <summary>As the web and the worker reach it, if they do otherwise.</summary>
    [MaxLength(2048)]
    public string? InternalEndpoint { get; set; }

    /// <summary>What clients must give as region when they sign; RADOS Gateway takes any, and <c>us-east-1</c> is what needs no explanation.</summary>
    [MaxLength(64)]
    public string SigningRegion { get; set; } = "us-east-1";

    /// <summary>Behind which name and port static websites are served: <c>http://BUCKET.SUFFIX/</c>. Null where they are not.</summary>
    [MaxLength(255)]
    public string? WebsiteSuffix { get; set; }

    /// <summary>Of a user of the store with the capabilities users, buckets and usage. Null until there is one.</summary>
    [MaxLength(128)]
    public string? AdminKeyId { get; set; }

    /// <summary>See <see cref="StorageSecrets"/>.</summary>
    [MaxLength(2048)]
    public string? SealedAdminSecret { get; set; }

    /// <summary>Its worker started it and writes this row.</summary>
    public bool IsEmbedded { get; set; }

    /// <summary>An operator wants to know at once whether it answers.</summary>
    public DateTimeOffset? CheckAskedAt { get; set; }

    /// <summary>When it was last asked, when it last answered, and since when it does not.</summary>
    public DateTimeOffset? CheckedAt { get; set; }

    public DateTimeOffset? SeenAt { get; set; }

    public DateTimeOffset? AwaySince { get; set; }

    [MaxLength(1024)]
    public string? AwayReason { get; set; }

    /// <summary>Usage up to this hour is in the ledger, see <c>BucketMetering</c>.</summary>
    public DateTimeOffset? MeteredThrough { get; set; }

    [Timestamp]
    public uint Version { get; private set; }

    /// <summary>Where Portal itself goes.</summary>
    public string OwnEndpoint => InternalEndpoint ?? Endpoint;

    /// <summary>Why nothing can be made in it yet; null if it can. One that is away for a while takes requests, which wait.</summary>
    public string? WhyNot => (AdminKeyId, SeenAt) switch
    {
        (not null, not null) => null,
        _ when IsEmbedded => "Buckets are starting. They are ready a few seconds after Portal.",
        (null, _) => "The object store of this region has not been set up yet.",
        _ => "The object store of this region has not answered yet.",
    };
}
