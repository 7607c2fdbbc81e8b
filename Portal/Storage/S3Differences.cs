namespace Portal.Storage;

/// <param name="Id">By which its proof is found.</param>
/// <param name="Topic">What it is about.</param>
/// <param name="Here">What the embedded store does otherwise than Amazon's S3.</param>
/// <param name="Instead">What to do about it; null if nothing is to be done.</param>
public sealed record S3Difference(string Id, string Topic, string Here, string? Instead = null);

/// <summary>In what the embedded store (RADOS Gateway 16) differs from Amazon's S3, for customers. Each line has a proof in the tests, which fails when it is true no more.</summary>
public static class S3Differences
{
    public static readonly IReadOnlyList<S3Difference> All =
    [
        new("checksum-trailers", "Uploads by newer SDKs", "An upload with a checksum after its body, which SDKs send by default since 2025, is refused.", "Set the checksum settings above."),
        new("checksums", "Checksums", "An x-amz-checksum-… header is neither compared with what arrives nor kept, and so is not in any answer.", "Send Content-MD5, which is compared."),
        new("if-match", "Conditional writes", "If-Match of a PUT compares the ETag without its quotes: with them it answers 412 even where it fits.", "Leave the quotes away."),
        new("conditional-completion", "Conditional writes", "If-None-Match is ignored when a multipart upload is completed: what is there is overwritten.", "Use one PUT, up to 5 GiB."),
        new("conditional-copy", "Conditional writes", "If-None-Match is ignored by a copy: its target is overwritten."),
        new("conditional-delete", "Conditional writes", "If-Match is ignored by a DELETE."),
        new("object-attributes", "GetObjectAttributes", "It is not known, and answered with the object itself, which SDKs take for an error.", "Use HeadObject and ListParts."),
        new("lifecycle-sizes", "Lifecycle", "ObjectSizeGreaterThan and ObjectSizeLessThan are left out of a rule without a word: it then deletes objects of every size.", "Tell them apart by prefixes or tags."),
        new("lifecycle-newer", "Lifecycle", "NewerNoncurrentVersions is left out of a rule without a word: after its days all older versions go."),
        new("lifecycle-classes", "Storage classes", "There is one, STANDARD. An object in another is refused, while a lifecycle rule that leads to one is taken and does nothing."),
        new("encryption", "Encryption", "x-amz-server-side-encryption is refused, and there is no default encryption of a bucket.", "Encrypt before you upload."),
        new("delete-of-unknown", "Removing a setting that is not known", "delete-bucket-encryption and delete-bucket-ownership-controls delete the bucket itself, if it is empty."),
        new("acl-reads", "ACLs", "A bucket whose ACL is public-read lets everybody read every object in it and not only list it. ACLs cannot be switched off (ObjectOwnership)."),
        new("restrict-public", "Block Public Access", "RestrictPublicBuckets is kept and does nothing. The three others work."),
        new("denied-owner", "Policies", "A statement that denies something to everybody denies it to the bucket's owner as well, the policy itself included.", "Name in Deny only what you will not need."),
        new("not-there", "Not there", "Access logs, transfer acceleration, inventories, analytics, replication, and notifications to other services."),
    ];
}
