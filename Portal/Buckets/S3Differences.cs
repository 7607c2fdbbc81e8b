namespace Portal.Buckets;

/// <param name="Id">By which its proof is found.</param>
/// <param name="Topic">What it is about.</param>
/// <param name="Here">What the embedded store does otherwise than Amazon's S3.</param>
/// <param name="Instead">What to do about it; null if nothing is to be done.</param>
public sealed record S3Difference(string Id, string Topic, string Here, string? Instead = null);

/// <summary>
/// How the embedded store (RADOS Gateway 16) differs from Amazon's S3, for customers. Each line has a proof in the tests, which fails when
/// it is true no more.
/// </summary>
public static class S3Differences
{
    public static readonly IReadOnlyList<S3Difference> All =
    [
        new(
            "checksum-trailers",
            "Uploads by newer SDKs",
            "An upload that carries its checksum after the body, which SDKs have done by default since 2025, is refused.",
            "Use the checksum settings above."
        ),
        new(
            "checksums",
            "Checksums",
            "x-amz-checksum-… headers are ignored: they are neither checked against the upload nor stored, and no response returns them.",
            "Send Content-MD5, which is checked."
        ),
        new(
            "if-match",
            "Conditional writes",
            "If-Match on a PUT expects the ETag without quotes: a quoted ETag is answered with 412 even if it matches.",
            "Leave out the quotes."
        ),
        new(
            "conditional-completion",
            "Conditional writes",
            "If-None-Match is ignored when a multipart upload is completed: an existing object is overwritten.",
            "Use a single PUT, which works up to 5 GiB."
        ),
        new(
            "conditional-copy",
            "Conditional writes",
            "If-None-Match is ignored when an object is copied: an existing object is overwritten."
        ),
        new("conditional-delete", "Conditional writes", "If-Match is ignored on a DELETE."),
        new(
            "object-attributes",
            "GetObjectAttributes",
            "It is not supported: the store answers with the object itself, which SDKs report as an error.",
            "Use HeadObject and ListParts."
        ),
        new(
            "lifecycle-sizes",
            "Lifecycle",
            "ObjectSizeGreaterThan and ObjectSizeLessThan are silently dropped from a rule, which then deletes objects of any size.",
            "Tell objects apart by prefix or tag."
        ),
        new(
            "lifecycle-newer",
            "Lifecycle",
            "NewerNoncurrentVersions is silently dropped from a rule, which then deletes all older versions after its number of days."
        ),
        new(
            "lifecycle-classes",
            "Storage classes",
            "STANDARD is the only one. An upload to another class is refused; a lifecycle rule that moves objects to one is accepted but does nothing."
        ),
        new(
            "encryption",
            "Encryption",
            "Requests with x-amz-server-side-encryption are refused, and buckets have no default encryption.",
            "Encrypt before you upload."
        ),
        new(
            "delete-of-unknown",
            "Removing unsupported settings",
            "delete-bucket-encryption and delete-bucket-ownership-controls delete the bucket itself if it is empty."
        ),
        new(
            "acl-reads",
            "ACLs",
            "With the ACL public-read on a bucket, everybody can read every object in it, not only list them. ACLs cannot be turned off (ObjectOwnership)."
        ),
        new("restrict-public", "Block Public Access", "RestrictPublicBuckets is stored but has no effect. The other three settings work."),
        new(
            "denied-owner",
            "Policies",
            "A statement that denies something to everybody also denies it to the bucket's owner, even changing the policy back.",
            "Deny only what you will never need yourself."
        ),
        new(
            "not-there",
            "Not available",
            "Access logs, transfer acceleration, inventories, analytics, replication, and notifications to other services."
        ),
    ];
}
