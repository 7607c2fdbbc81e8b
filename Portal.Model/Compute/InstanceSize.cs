using System.ComponentModel.DataAnnotations;

namespace Portal.Model.Compute;

/// <summary>A row of the catalogue: what one can buy. Its price is that of the SKU <c>instance.{Id}</c>.</summary>
public sealed class InstanceSize
{
    /// <summary>E.g. <c>t1.nano</c>.</summary>
    [MaxLength(32)]
    public required string Id { get; init; }

    public required int Vcpus { get; init; }

    public required int MemoryMiB { get; init; }

    public required int DiskGiB { get; init; }

    public required int Position { get; init; }

    public string Sku => $"instance.{Id}";
}
