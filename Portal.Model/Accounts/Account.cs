using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>The customer: who owns resources, has a card, gets the bill. People (<see cref="User"/>) sign in to it.</summary>
public sealed partial class Account
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    [MaxLength(255)]
    public required string Name { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Stripe's customer (<c>cus_…</c>), made when the first card is added.</summary>
    [MaxLength(255)]
    public string? StripeCustomerId { get; set; }

    /// <summary>Quota: instances that are not terminated.</summary>
    public int InstanceLimit { get; set; } = 20;

    /// <summary>Quota: virtual CPUs of instances that are not terminated.</summary>
    public int VcpuLimit { get; set; } = 40;

    /// <summary>Quota: buckets.</summary>
    public int BucketLimit { get; set; } = 100;

    /// <summary>Quota: what all buckets of a region hold together.</summary>
    public int BucketGiBLimit { get; set; } = 100;

    /// <summary>
    /// Quota: objects, versions included, of all buckets of a region together. Each costs the store some memory, however small it is.
    /// </summary>
    public long BucketObjectLimit { get; set; } = 1_000_000;

    /// <summary>Quota: private networks.</summary>
    public int NetworkLimit { get; set; } = 20;

    /// <summary>Quota: public addresses.</summary>
    public int AddressLimit { get; set; } = 5;

    /// <summary>Quota: volumes that are not deleted, root disks included, and their GiB together.</summary>
    public int VolumeLimit { get; set; } = 100;

    public int VolumeGiBLimit { get; set; } = 4096;

    /// <summary>Quota: snapshots that are not deleted.</summary>
    public int SnapshotLimit { get; set; } = 200;

    /// <summary>
    /// Since when its instances may deliver mail to other servers (port 25); null while they may not, as at the beginning.
    /// </summary>
    public DateTimeOffset? MailAllowedAt { get; set; }

    public DateTimeOffset? SuspendedAt { get; set; }

    /// <summary>Since when it is being closed, and when nothing of it was left.</summary>
    public DateTimeOffset? ClosingSince { get; private set; }

    public DateTimeOffset? ClosedAt { get; private set; }

    /// <summary>
    /// How much was still there when the worker last looked, and by when there should be less; past it an incident opens.
    /// </summary>
    public long? ClosingLeft { get; private set; }

    public DateTimeOffset? ClosingDeadline { get; private set; }

    /// <summary>
    /// Where the word goes that it is done: nobody belongs to it any more by then. Null if nobody had confirmed an address.
    /// </summary>
    [MaxLength(256)]
    public string? ClosingContact { get; private set; }

    [Timestamp]
    public uint Version { get; private set; }
}
