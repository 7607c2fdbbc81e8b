using System.ComponentModel.DataAnnotations;

namespace Portal.Model.Billing;

/// <summary>What one unit of a SKU costs per hour from a moment on; it holds until the next row of that SKU begins.</summary>
public sealed class Price
{
    public long Id { get; init; }

    /// <summary><c>instance.{size}</c> (per instance) or <c>disk</c> (per GiB).</summary>
    [MaxLength(64)]
    public required string Sku { get; init; }

    /// <summary>US dollars per unit and hour, exact.</summary>
    public required decimal PerHour { get; init; }

    public required DateTimeOffset From { get; init; }
}

public static class Skus
{
    public const string Disk = "disk";

    /// <summary>A month for estimates, as AWS counts it: 730 hours.</summary>
    public const int HoursPerMonth = 730;
}
