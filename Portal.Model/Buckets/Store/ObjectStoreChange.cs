using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>
/// A gateway that an operator entered for a region, until its worker has tried it: the worker is the one that must reach it, perhaps from
/// behind a firewall. What it takes becomes the region's <see cref="ObjectStore"/>; what it refuses stays here with the reason.
/// </summary>
public sealed class ObjectStoreChange : IOwned
{
    /// <summary>The region's id.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    /// <summary>Of the operator who asked.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(2048)]
    public required string Endpoint { get; init; }

    [MaxLength(2048)]
    public string? InternalEndpoint { get; init; }

    [MaxLength(64)]
    public required string SigningRegion { get; init; }

    [MaxLength(255)]
    public string? WebsiteSuffix { get; init; }

    [MaxLength(128)]
    public required string AdminKeyId { get; init; }

    /// <summary>See <see cref="BucketSecrets"/>.</summary>
    [MaxLength(2048)]
    public required string SealedAdminSecret { get; init; }

    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>Why the worker did not take it; null until it has been tried.</summary>
    [MaxLength(2048)]
    public string? Refusal { get; set; }

    [Timestamp]
    public uint Version { get; private set; }

    /// <summary>The gateway answered and lets this key do what Portal needs.</summary>
    public void ApplyTo(ObjectStore store, DateTimeOffset now)
    {
        if (store.Endpoint != Endpoint)
        {
            // What was counted by another one is none of this one's.
            store.MeteredThrough = null;
        }

        (store.Source, store.Endpoint, store.InternalEndpoint, store.SigningRegion, store.WebsiteSuffix) = (
            StoreSource.Operator,
            Endpoint,
            InternalEndpoint,
            SigningRegion,
            WebsiteSuffix
        );
        (store.AdminKeyId, store.SealedAdminSecret) = (AdminKeyId, SealedAdminSecret);
        (store.SeenAt, store.AwaySince, store.AwayReason) = (now, null, null);
    }
}
