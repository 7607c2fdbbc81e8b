using Portal.Model.Billing;

namespace Portal.Billing;

/// <summary>What a SKU is called on a bill, in what it is measured, and by what it is priced.</summary>
public sealed record SkuWords(string What, string Unit, string One)
{
    public static SkuWords Of(string sku) =>
        sku switch
        {
            Skus.Address => new("Public address", "hours", "hour"),
            Skus.Nat => new("Outbound Internet (NAT)", "hours", "hour"),
            Skus.BucketStorage => new("Stored in buckets", "GiB-hours", "GiB-hour"),
            Skus.BucketOut => new("Out of buckets", "GiB", "GiB"),
            Skus.BucketWrites => new("Writing and listing requests", "thousand", "thousand"),
            Skus.BucketReads => new("Reading requests", "thousand", "thousand"),
            Skus.Snapshot => new("Snapshot", "GiB-hours", "GiB-hour"),
            _ when sku.StartsWith("volume.", StringComparison.Ordinal) => new($"Disk, {sku["volume.".Length..]}", "GiB-hours", "GiB-hour"),
            _ when sku.StartsWith("instance.", StringComparison.Ordinal) => new($"{sku["instance.".Length..]}, running", "hours", "hour"),
            _ => new(sku, "hours", "hour"),
        };
}
