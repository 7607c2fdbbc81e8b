using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>
/// So much of something from a moment to another: the ledger's only fact. Opened and closed in the transaction that writes the observed
/// state. A partial unique index allows one open span per resource and SKU.
/// </summary>
public sealed class UsageSpan : IOwned
{
    public long Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string ResourceId { get; init; }

    /// <summary>The name at the time the span was opened, for the bill of something long gone.</summary>
    [MaxLength(255)]
    public required string ResourceName { get; init; }

    [MaxLength(64)]
    public required string Sku { get; init; }

    public required decimal Quantity { get; init; }

    public required DateTimeOffset From { get; init; }

    /// <summary>Null while it goes on.</summary>
    public DateTimeOffset? To { get; set; }
}
