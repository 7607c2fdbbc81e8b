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

    public required int ExpiryMonth { get; init; }

    public required int ExpiryYear { get; init; }

    /// <summary>Stripe's fingerprint: the same for the same number, whoever enters it.</summary>
    [MaxLength(255)]
    public required string Fingerprint { get; init; }

    public CardState State { get; set; }

    public bool IsDefault { get; set; }

    [MaxLength(1024)]
    public string? Problem { get; set; }

    public required DateTimeOffset AddedAt { get; init; }

    [Timestamp]
    public uint Version { get; private set; }

    /// <summary>Since when Stripe no longer holds it for this customer. A card that is not valid is detached there by the worker.</summary>
    public DateTimeOffset? DetachedAt { get; set; }

    /// <summary>As it is spoken of: <c>Visa •••• 4242</c>.</summary>
    public string Label => $"{BrandName} •••• {Last4}";

    private string BrandName => Brand switch
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

    /// <summary>Valid, and not past the end of its month.</summary>
    public bool IsUsable(DateTimeOffset now) => State is CardState.Valid && now < new DateTimeOffset(ExpiryYear, ExpiryMonth, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1);
}

public enum CardSetupState
{
    /// <summary>Saved; Stripe's page is open, or the answer has not been applied yet.</summary>
    Open,

    /// <summary>The card is entered; the authorization is under way.</summary>
    Verifying,
    Succeeded,
    Refused,
    Abandoned,
}

/// <summary>One attempt to add a card: a Checkout session in setup mode and the authorization after it. Saved before Stripe is called.</summary>
public sealed class CardSetup : IOwned
{
    public required Guid Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Stripe's <c>cs_…</c>; null until Stripe has answered.</summary>
    [MaxLength(255)]
    public string? CheckoutSessionId { get; set; }

    /// <summary>The <c>pm_…</c> that was entered; written before its authorization is asked for.</summary>
    [MaxLength(255)]
    public string? PaymentMethodId { get; set; }

    /// <summary>The <c>pi_…</c> of the authorization.</summary>
    [MaxLength(255)]
    public string? PaymentIntentId { get; set; }

    public CardSetupState State { get; set; }

    /// <summary>The sentence that the customer reads when it did not work.</summary>
    [MaxLength(1024)]
    public string? Problem { get; set; }

    /// <summary>The card that this one is to take the place of.</summary>
    [MaxLength(255)]
    public string? ReplacesCardId { get; init; }

    /// <summary>A path of Portal to which the customer goes on afterwards.</summary>
    [MaxLength(2048)]
    public string? ReturnTo { get; init; }

    /// <summary>When the worker looks at it again if nothing is heard before.</summary>
    public DateTimeOffset CheckAt { get; set; }

    public DateTimeOffset? SettledAt { get; set; }

    public bool IsSettled => State is CardSetupState.Succeeded or CardSetupState.Refused or CardSetupState.Abandoned;

    [Timestamp]
    public uint Version { get; private set; }
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

/// <summary>A webhook as it arrived: stored once by its id, applied by a job, replayable.</summary>
public sealed class StripeEvent
{
    /// <summary><c>evt_…</c>.</summary>
    [MaxLength(255)]
    public required string Id { get; init; }

    [MaxLength(255)]
    public required string Type { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required string Payload { get; init; }

    /// <summary>When the job had fetched the object's current state and applied it, or found that the type does not matter here.</summary>
    public DateTimeOffset? AppliedAt { get; set; }

    /// <summary>Portal has no use for this type.</summary>
    public bool IsIgnored { get; set; }

    /// <summary>When the worker tries (again) to apply it.</summary>
    public DateTimeOffset ApplyAt { get; set; }

    public int Attempts { get; set; }

    /// <summary>Why the last attempt failed, for operators.</summary>
    [MaxLength(2048)]
    public string? Problem { get; set; }
}
