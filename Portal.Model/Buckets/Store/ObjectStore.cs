using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>Who said where a region's object store is.</summary>
public enum StoreSource
{
    /// <summary>An operator, see <see cref="ObjectStoreChange"/>.</summary>
    Operator,

    /// <summary>The worker's settings.</summary>
    Settings,

    /// <summary>Its worker runs beside it.</summary>
    Embedded,
}

/// <summary>
/// How a region's object store is reached: the embedded one, written by its worker, or any RADOS Gateway, written by an operator. The
/// addresses matter: a signature covers the host, so that customers, the web and a proxy in between must all use the one they were signed
/// for.
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

    /// <summary>
    /// What clients must give as region when they sign; RADOS Gateway takes any, and <c>us-east-1</c> is what needs no explanation.
    /// </summary>
    [MaxLength(64)]
    public string SigningRegion { get; set; } = "us-east-1";

    /// <summary>Behind which name and port static websites are served: <c>http://BUCKET.SUFFIX/</c>. Null where they are not.</summary>
    [MaxLength(255)]
    public string? WebsiteSuffix { get; set; }

    /// <summary>Of a user of the store with the capabilities users, buckets and usage. Null until there is one.</summary>
    [MaxLength(128)]
    public string? AdminKeyId { get; set; }

    /// <summary>See <see cref="BucketSecrets"/>.</summary>
    [MaxLength(2048)]
    public string? SealedAdminSecret { get; set; }

    public StoreSource Source { get; set; }

    /// <summary>When it last answered, and since when it does not.</summary>
    public DateTimeOffset? SeenAt { get; set; }

    public DateTimeOffset? AwaySince { get; set; }

    [MaxLength(1024)]
    public string? AwayReason { get; set; }

    /// <summary>
    /// How much fits in it in all and how much still does, to about a hundredth; null where it does not tell, as any but the embedded one.
    /// </summary>
    public long? TotalBytes { get; private set; }

    public long? FreeBytes { get; private set; }

    /// <summary>Since when there is so little room that nothing more is taken; null while there is enough.</summary>
    public DateTimeOffset? FullSince { get; private set; }

    /// <summary>Of any but the embedded one: when it last took something on trial, and what it said when it did not.</summary>
    public DateTimeOffset? TookAt { get; private set; }

    [MaxLength(1024)]
    public string? FullReason { get; private set; }

    /// <summary>
    /// Of the embedded one, whose room is watched, uploads are stopped by quotas before it is too late. Another one refuses by itself.
    /// </summary>
    public bool IsStoppedByQuota => FullSince is not null && Source is StoreSource.Embedded;

    /// <summary>Usage up to this hour is in the ledger, see <c>BucketMetering</c>.</summary>
    public DateTimeOffset? MeteredThrough { get; set; }

    /// <summary>When the store was last asked what it has counted, and all of it written down.</summary>
    public DateTimeOffset? MeteredAt { get; set; }

    /// <summary>Why nothing can be put into it for now; null if something can.</summary>
    public string? WhyNotUpload =>
        FullSince is null
            ? null
            : "The object store is full, and takes nothing more for now. What is in it can be read and deleted. The operators have been told.";

    /// <summary>
    /// Uploads stop while a tenth is still free, and go on when an eighth is: a store without any room could not even delete. What takes
    /// place now is known some seconds late.
    /// </summary>
    public void ObserveRoom(long total, long free, DateTimeOffset now)
    {
        (TookAt, FullReason) = (null, null);
        FullSince =
            free < total / 10 ? FullSince ?? now
            : free > total / 8 ? null
            : FullSince;

        // Every write wakes the pages that show it.
        if (TotalBytes != total || Math.Abs(free - (FreeBytes ?? 0)) > total / 100)
        {
            (TotalBytes, FreeBytes) = (total, free);
        }
    }

    /// <param name="whyNot">What it said instead of taking something; null if it took it.</param>
    public void ObserveTrial(string? whyNot, DateTimeOffset now)
    {
        (FullSince, FullReason) = (whyNot is null ? null : FullSince ?? now, whyNot);
        TookAt = whyNot is null ? now : TookAt;
        (TotalBytes, FreeBytes) = (null, null);
    }

    /// <summary>Why an operator cannot enter another one; null if he can.</summary>
    public string? WhyNotEnter =>
        Source switch
        {
            StoreSource.Embedded =>
                "Its worker runs an object store of its own, named by ObjectStore__Folder: take that out of the worker's settings first.",
            StoreSource.Settings =>
                "The worker's settings name this one: take ObjectStore__AdminKeyId and ObjectStore__AdminSecret out of them first.",
            _ => null,
        };

    [Timestamp]
    public uint Version { get; private set; }

    /// <summary>Where Portal itself goes.</summary>
    public string OwnEndpoint => InternalEndpoint ?? Endpoint;

    /// <summary>Why nothing can be made in it yet; null if it can. One that is away for a while takes requests, which wait.</summary>
    public string? WhyNot =>
        (AdminKeyId, SeenAt) switch
        {
            (not null, not null) => null,
            _ when Source is StoreSource.Embedded => "Buckets are starting. They are ready a few seconds after Portal.",
            (null, _) => "The object store of this region has not been set up yet.",
            _ => "The object store of this region has not answered yet.",
        };
}
