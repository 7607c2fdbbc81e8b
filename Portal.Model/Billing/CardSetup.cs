using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

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

/// <summary>
/// One attempt to add a card: a Checkout session in setup mode and the authorization after it. Saved before Stripe is called.
/// </summary>
public sealed class CardSetup : IOwned
{
    /// <summary>What is authorized and cancelled at once, in cents.</summary>
    public const long AuthorizedCents = 100;

    /// <summary>How long Stripe's page stays open; 30 minutes is the shortest that Stripe allows.</summary>
    public static readonly TimeSpan PageLife = TimeSpan.FromHours(1);

    public required Guid Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Stripe's <c>cs_…</c>; null until Stripe has answered.</summary>
    [MaxLength(255)]
    public string? CheckoutSessionId { get; set; }

    /// <summary>The <c>pm_…</c> that was entered; written before its authorization is asked for.</summary>
    [MaxLength(255)]
    public string? PaymentMethodId { get; private set; }

    /// <summary>The <c>pi_…</c> of the authorization.</summary>
    [MaxLength(255)]
    public string? PaymentIntentId { get; set; }

    public CardSetupState State { get; private set; }

    /// <summary>The sentence that the customer reads when it did not work.</summary>
    [MaxLength(1024)]
    public string? Problem { get; private set; }

    /// <summary>The card that this one is to take the place of.</summary>
    [MaxLength(255)]
    public string? ReplacesCardId { get; init; }

    /// <summary>A path of Portal to which the customer goes on afterwards.</summary>
    [MaxLength(2048)]
    public string? ReturnTo { get; init; }

    /// <summary>When the worker looks at it again if nothing is heard before.</summary>
    public DateTimeOffset CheckAt { get; set; }

    public DateTimeOffset? SettledAt { get; private set; }

    public bool IsSettled => SettledAt is not null;

    [Timestamp]
    public uint Version { get; private set; }

    /// <summary>A card was entered: its authorization may be asked for once this is saved.</summary>
    public void Verify(string paymentMethodId) => (State, PaymentMethodId) = (CardSetupState.Verifying, paymentMethodId);

    public void Succeed(DateTimeOffset now) => (State, Problem, SettledAt) = (CardSetupState.Succeeded, null, now);

    public void Refuse(string problem, DateTimeOffset now) => (State, Problem, SettledAt) = (CardSetupState.Refused, problem, now);

    public void Abandon(string problem, DateTimeOffset now) => (State, Problem, SettledAt) = (CardSetupState.Abandoned, problem, now);
}
