namespace Portal.Model.Accounts;

/// <summary>
/// A step of the ladder of trust: what an account on it may have at a time, use without having paid for it, and download in a month.
/// </summary>
public sealed class TrustStep
{
    public string Name { get; set; } = "";

    /// <summary>US dollars of use that is not paid yet; from there on nothing can be made or started.</summary>
    public decimal UnpaidUsd { get; set; }

    public int Instances { get; set; }

    public int Vcpus { get; set; }

    public int Volumes { get; set; }

    public int VolumeGiB { get; set; }

    public int Snapshots { get; set; }

    public int Buckets { get; set; }

    public int BucketGiB { get; set; }

    public long BucketObjects { get; set; }

    /// <summary>GiB that leave its buckets in a calendar month (UTC).</summary>
    public int DownloadGiB { get; set; }

    public int Networks { get; set; }

    public int Addresses { get; set; }
}
