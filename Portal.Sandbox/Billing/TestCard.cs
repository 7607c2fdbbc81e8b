using System.Security.Cryptography;
using System.Text;
using Stripe;

namespace Portal.Sandbox.Billing;

/// <summary>A bank's no, in the words of docs.stripe.com/error-codes and docs.stripe.com/declines/codes.</summary>
internal sealed record Decline(string Code, string? DeclineCode, string Message)
{
    public static readonly Decline Generic = new("card_declined", "generic_decline", "Your card was declined.");
    public static readonly Decline InsufficientFunds = new("card_declined", "insufficient_funds", "Your card has insufficient funds.");
    public static readonly Decline Lost = new("card_declined", "lost_card", "Your card was declined.");
    public static readonly Decline Stolen = new("card_declined", "stolen_card", "Your card was declined.");
    public static readonly Decline Expired = new("expired_card", null, "Your card has expired.");
    public static readonly Decline IncorrectCvc = new("incorrect_cvc", null, "Your card's security code is incorrect.");
    public static readonly Decline ProcessingError = new(
        "processing_error",
        null,
        "An error occurred while processing your card. Try again in a little bit."
    );
    public static readonly Decline Fraudulent = new("card_declined", "fraudulent", "Your card was declined.");
    public static readonly Decline NotATestCard = new(
        "card_declined",
        "test_mode_live_card",
        "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, visit: https://stripe.com/docs/testing."
    );
    public static readonly Decline NeedsAuthentication = new(
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication."
    );
    public static readonly Decline FailedAuthentication = new(
        "setup_intent_authentication_failure",
        null,
        "We are unable to authenticate your payment method. Please choose a different payment method and try again."
    );

    public StripeError ToError(PaymentIntent? intent, PaymentMethod? method) =>
        new()
        {
            Type = Code is "setup_intent_authentication_failure" ? "invalid_request_error" : "card_error",
            Code = Code,
            DeclineCode = DeclineCode,
            Message = Message,
            PaymentIntent = intent,
            PaymentMethod = method,
            Charge = intent?.LatestChargeId,
        };
}

/// <summary>
/// A card of docs.stripe.com/testing and what it does: when it is entered, and when it is charged later while its owner is away.
/// </summary>
internal sealed record TestCard(
    string Number,
    string Brand,
    Decline? AtSetup = null,
    Decline? AtCharge = null,
    bool Authenticates = false,
    string Funding = "credit"
)
{
    public static IReadOnlyList<TestCard> All { get; } =
    [
        new("4242424242424242", "visa"),
        new("4000056655665556", "visa"),
        new("5555555555554444", "mastercard"),
        new("5105105105105100", "mastercard", Funding: "prepaid"),
        new("378282246310005", "amex"),
        new("6011111111111117", "discover"),
        new("4000000000000002", "visa", Decline.Generic, Decline.Generic),
        new("4000000000009995", "visa", Decline.InsufficientFunds, Decline.InsufficientFunds),
        new("4000000000009987", "visa", Decline.Lost, Decline.Lost),
        new("4000000000009979", "visa", Decline.Stolen, Decline.Stolen),
        new("4000000000000069", "visa", Decline.Expired, Decline.Expired),
        new("4000000000000127", "visa", Decline.IncorrectCvc, Decline.IncorrectCvc),
        new("4000000000000119", "visa", Decline.ProcessingError, Decline.ProcessingError),
        new("4100000000000019", "visa", AtCharge: Decline.Fraudulent),
        new("4000000000000341", "visa", AtCharge: Decline.Generic),
        new("4000002500003155", "visa", Authenticates: true),
        new("4000002760003184", "visa", AtCharge: Decline.NeedsAuthentication, Authenticates: true),
        new("4000008260003178", "visa", AtCharge: Decline.InsufficientFunds, Authenticates: true),
    ];

    public string Fingerprint => FingerprintOf(Number);

    /// <summary>The card behind a payment method: only the fingerprint is kept of a number.</summary>
    public static TestCard? OfFingerprint(string fingerprint) =>
        All.FirstOrDefault(card => string.Equals(card.Fingerprint, fingerprint, StringComparison.Ordinal));

    public static TestCard? OfNumber(string number) =>
        All.FirstOrDefault(card => string.Equals(card.Number, number, StringComparison.Ordinal));

    private static string FingerprintOf(string number) =>
        Convert
            .ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes("sandbox " + number)))
            .Replace("+", "a", StringComparison.Ordinal)
            .Replace("/", "b", StringComparison.Ordinal)[..16];
}
