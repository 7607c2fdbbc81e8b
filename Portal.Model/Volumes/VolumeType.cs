using System.ComponentModel.DataAnnotations;
using Portal.Model.Billing;

namespace Portal.Model.Volumes;

/// <summary>A row of the catalogue: how fast a volume is. Its price is that of the SKU <c>volume.{Id}</c>, per GiB.</summary>
public sealed class VolumeType
{
    /// <summary>What root disks are of.</summary>
    public const string Standard = "standard";

    public const string Unknown = "There is no such type of volume.";

    [MaxLength(32)]
    public required string Id { get; init; }

    [MaxLength(255)]
    public required string Description { get; init; }

    /// <summary>Operations a second, reading and writing together; the engine lets no more through.</summary>
    public required int Iops { get; init; }

    /// <summary>MiB a second, reading and writing together.</summary>
    public required int MiBPerSecond { get; init; }

    public required int Position { get; init; }

    public string Sku => Skus.Volume(Id);
}
