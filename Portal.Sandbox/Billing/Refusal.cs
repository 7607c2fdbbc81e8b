using System.Net;
using Stripe;

namespace Portal.Sandbox.Billing;

/// <summary>A call that Stripe answers with an error; <see cref="Error"/> is what stands in the body.</summary>
internal sealed class Refusal(HttpStatusCode status, StripeError error) : Exception(error.Message)
{
    public HttpStatusCode Status => status;

    public StripeError Error => error;

    /// <summary>
    /// Stripe keeps an answer for its idempotency key only once the call had begun to do something
    /// (docs.stripe.com/api/idempotent_requests).
    /// </summary>
    public bool IsKept => status is HttpStatusCode.PaymentRequired;

    public static Refusal Invalid(
        string message,
        string? code = null,
        string? param = null,
        HttpStatusCode status = HttpStatusCode.BadRequest
    ) =>
        new(
            status,
            new StripeError
            {
                Type = "invalid_request_error",
                Code = code,
                Param = param,
                Message = message,
            }
        );

    public static Refusal Unknown(string param) => Invalid($"Received unknown parameter: {param}", "parameter_unknown", param);

    public static Refusal Missing(string param) => Invalid($"Missing required param: {param}.", "parameter_missing", param);

    /// <summary>404 for the id in the address, 400 for one among the parameters.</summary>
    public static Refusal NoSuch(string what, string id, string? param = null) =>
        Invalid(
            $"No such {what}: '{id}'",
            "resource_missing",
            param ?? "id",
            param is null ? HttpStatusCode.NotFound : HttpStatusCode.BadRequest
        );

    /// <summary>Stripe knows it and Portal does not use it, so the sandbox does not play it; better said than silently ignored.</summary>
    public static Refusal NotPlayed(string what) =>
        Invalid(
            $"The sandbox does not play {what}. Stripe knows it; add it to Portal.Sandbox/Billing if Portal is to use it.",
            "sandbox_not_played"
        );

    public static Refusal Card(Decline decline, PaymentIntent? intent = null, PaymentMethod? method = null) =>
        new(HttpStatusCode.PaymentRequired, decline.ToError(intent, method));

    public static Refusal Unauthorized(string message) => Invalid(message, status: HttpStatusCode.Unauthorized);

    public static Refusal OtherParameters(string key) =>
        new(
            HttpStatusCode.BadRequest,
            new StripeError
            {
                Type = "idempotency_error",
                Message =
                    $"Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}' if you meant to execute a different request.",
            }
        );
}
