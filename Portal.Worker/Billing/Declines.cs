using System.Net;
using Portal.Model.Billing;
using Stripe;

namespace Portal.Worker.Billing;

/// <summary>A bank's no as a sentence for the customer (docs.stripe.com/declines/codes, docs.stripe.com/error-codes).</summary>
internal static class Declines
{
    public static string Sentence(StripeError? error) =>
        (error?.DeclineCode ?? error?.Code) switch
        {
            "authentication_required" =>
                "The bank wants to confirm every payment of this card, so it cannot be charged for usage. Use another card.",
            "insufficient_funds" =>
                "The bank says that the card has insufficient funds, even for the $1.00 authorization. Nothing was charged.",
            "expired_card" => "The bank says that the card has expired. Use another card.",
            "incorrect_cvc" or "invalid_cvc" => "The bank says that the security code is wrong. Enter the card again.",
            "incorrect_number" or "invalid_number" or "invalid_expiry_month" or "invalid_expiry_year" =>
                "The bank does not know this card. Enter it again.",
            "processing_error" or "try_again_later" or "issuer_not_available" or "reenter_transaction" =>
                "The bank could not process the card just now. Nothing was charged; try again in a few minutes.",
            "card_velocity_exceeded" or "withdrawal_count_limit_exceeded" =>
                "The card has been used too often lately. Use another card, or try again tomorrow.",
            "card_not_supported" or "currency_not_supported" or "transaction_not_allowed" or "service_not_allowed" =>
                "The bank does not allow this kind of payment with the card. Use another card.",
            "test_mode_live_card" => "This is a real card, and Portal runs in test mode. Use one of Stripe's test cards.",
            "setup_intent_authentication_failure" or "payment_intent_authentication_failure" =>
                "The bank's 3-D Secure confirmation failed.",
            "fraudulent" or "merchant_blacklist" or "lost_card" or "stolen_card" or "pickup_card" or "restricted_card" =>
                FraudFlags.NotHere,
            _ => "The bank declined the card. Nothing was charged; use another card, or ask the bank.",
        };

    /// <summary>The number must not be tried again, by anybody.</summary>
    public static bool IsFraud(StripeError? error) => error?.DeclineCode is "fraudulent" or "stolen_card" or "pickup_card";

    /// <summary>Worth another try: Stripe is away, busy, or the network is.</summary>
    public static bool IsPassing(Exception error, CancellationToken ct) =>
        error switch
        {
            StripeException { HttpStatusCode: var status } => status
                is default(HttpStatusCode)
                    or HttpStatusCode.Conflict
                    or HttpStatusCode.TooManyRequests
                || (int)status >= 500,
            HttpRequestException or TaskCanceledException or TimeoutException => !ct.IsCancellationRequested,
            _ => false,
        };
}
