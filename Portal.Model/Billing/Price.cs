using System.ComponentModel.DataAnnotations;

namespace Portal.Model.Billing;

/// <summary>What one unit of a SKU costs per hour from a moment on; it holds until the next row of that SKU begins.</summary>
public sealed class Price
{
    public long Id { get; init; }

    /// <summary>
    /// <c>instance.{size}</c> (per instance), <c>volume.{type}</c> (per GiB), or one of the others in <see cref="Skus"/>.
    /// </summary>
    [MaxLength(64)]
    public required string Sku { get; init; }

    /// <summary>US dollars per unit and hour, exact; for what is counted, per unit.</summary>
    public required decimal PerHour { get; init; }

    /// <summary>
    /// So many units are free for each account and month: of what lasts, all month long; of what is counted, the first ones.
    /// </summary>
    public decimal Free { get; init; }

    public required DateTimeOffset From { get; init; }
}

public static class Skus
{
    /// <summary>A GiB of the type that root disks are of.</summary>
    public const string Disk = "volume.standard";

    /// <summary>A GiB of a volume of this type.</summary>
    public static string Volume(string typeId) => $"volume.{typeId}";

    /// <summary>A GiB that a snapshot takes.</summary>
    public const string Snapshot = "snapshot";

    /// <summary>What is stored in a bucket, per GiB.</summary>
    public const string BucketStorage = "bucket.storage";

    /// <summary>Counted: GiB that left a bucket.</summary>
    public const string BucketOut = "bucket.out";

    /// <summary>Counted: a thousand requests that change or list something.</summary>
    public const string BucketWrites = "bucket.writes";

    /// <summary>Counted: a thousand requests that read.</summary>
    public const string BucketReads = "bucket.reads";

    /// <summary>A public address, whether it leads somewhere or not.</summary>
    public const string Address = "address";

    /// <summary>A private network's way to the Internet.</summary>
    public const string Nat = "nat";

    /// <summary>A month for estimates, as AWS counts it: 730 hours.</summary>
    public const int HoursPerMonth = 730;

    /// <summary>Sold by the piece. In the ledger it is so many per hour for one hour, see <c>BucketMeter</c>.</summary>
    public static bool IsCounted(string sku) => sku is BucketOut or BucketWrites or BucketReads;
}
