using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

public enum CardState
{
    /// <summary>Checked by an authorization that was cancelled at once; may be charged.</summary>
    Valid,

    /// <summary>The bank or the fraud list said no; <see cref="Card.Problem"/> tells the customer.</summary>
    Refused,

    Removed,
}

/// <summary>A payment method at Stripe. No card number ever reaches Portal.</summary>
public sealed class Card : IOwned
{
    /// <summary>Stripe's <c>pm_…</c>.</summary>
    [MaxLength(255)]
    public required string Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(32)]
    public required string Brand { get; init; }

    [MaxLength(4)]
    public required string Last4 { get; init; }

    public required int ExpiryMonth { get; set; }

    public required int ExpiryYear { get; set; }

    /// <summary>Stripe's fingerprint: the same for the same number, whoever enters it.</summary>
    [MaxLength(255)]
    public required string Fingerprint { get; init; }

    /// <summary>What is on it is all that can ever be charged.</summary>
    public bool IsPrepaid { get; init; }

    public CardState State { get; set; }

    public bool IsDefault { get; set; }

    [MaxLength(1024)]
    public string? Problem { get; set; }

    /// <summary>When a card that was valid turned out to be one that must not be used.</summary>
    public DateTimeOffset? BlockedAt { get; set; }

    /// <summary>When its owner began to add it.</summary>
    public required DateTimeOffset AddedAt { get; init; }

    [Timestamp]
    public uint Version { get; private set; }

    /// <summary>Since when Stripe no longer holds it for this customer. A card that is not valid is detached there by the worker.</summary>
    public DateTimeOffset? DetachedAt { get; set; }

    /// <summary>As it is spoken of: <c>Visa •••• 4242</c>.</summary>
    public string Label => $"{BrandName} •••• {Last4}";

    private string BrandName =>
        Brand switch
        {
            "visa" => "Visa",
            "mastercard" => "Mastercard",
            "amex" => "American Express",
            "discover" => "Discover",
            "diners" => "Diners Club",
            "jcb" => "JCB",
            "unionpay" => "UnionPay",
            _ => "Card",
        };

    /// <summary>First moment at which it can no longer be charged: the end of its month.</summary>
    public DateTimeOffset ExpiresAt => new DateTimeOffset(ExpiryYear, ExpiryMonth, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1);

    /// <summary>Valid, and not past the end of its month.</summary>
    public bool IsUsable(DateTimeOffset now) => State is CardState.Valid && now < ExpiresAt;

    public string? WhyNotDefault(DateTimeOffset now) =>
        this switch
        {
            { State: not CardState.Valid } => "This card is no longer here.",
            { IsDefault: true } => "It is the default already.",
            _ => IsUsable(now) ? null : "It has expired.",
        };

    /// <param name="others">The account's other cards.</param>
    /// <param name="isSpending">Something of the account runs, is stored or is about to be.</param>
    public Refusal? WhyNotRemove(IEnumerable<Card> others, bool isSpending, DateTimeOffset now)
    {
        if (State is not CardState.Valid)
        {
            return Refusal.State("This card is no longer here.");
        }

        return isSpending && !others.Any(other => other.IsUsable(now))
            ? Refusal.InUse(
                "It is the last card that can be charged, and something is still billed. Add another card first, or terminate all instances."
            )
            : null;
    }
}

/// <summary>A card number that must not be used again, known by its fingerprint only.</summary>
public sealed class FlaggedFingerprint
{
    [Key]
    [MaxLength(255)]
    public required string Fingerprint { get; init; }

    [MaxLength(1024)]
    public required string Reason { get; init; }

    public required DateTimeOffset At { get; init; }
}
