using Portal.Model.Billing;
using Portal.Model.Shared;
using Stripe;

namespace Portal.Worker.Billing;

/// <summary>How an authorization ended; <see cref="Error"/> is the bank's no.</summary>
internal sealed record Verdict(bool IsKnown, StripeError? Error = null)
{
    public bool IsAccepted => IsKnown && Error is null;
}

/// <summary>
/// Authorizes a small amount on the card and cancels it at once. Can be run again from every point: the attempt is saved before Stripe is
/// asked, the key of the call follows from the attempt, and what an earlier run made is found again even after Stripe has forgotten the
/// key.
/// </summary>
public sealed class CardAuthorization(StripeClient stripe)
{
    private const string SetupMark = "card_setup";

    internal async Task<Verdict> RunAsync(PortalDb db, CardSetup setup, PaymentMethod method, string customer, CancellationToken ct)
    {
        var isFirst = setup.State is CardSetupState.Open;
        if (isFirst)
        {
            setup.Verify(method.Id);
            await db.SaveChangesAsync(ct);
        }

        var intent = setup.PaymentIntentId is { } id
            ? await stripe.V1.PaymentIntents.GetAsync(id, cancellationToken: ct)
            : (isFirst ? null : await FindAsync(setup, customer, ct)) ?? await CreateAsync(setup, method, customer, ct);
        if (setup.PaymentIntentId is null)
        {
            setup.PaymentIntentId = intent.Id;
            await db.SaveChangesAsync(ct);
        }

        return await EndAsync(setup, intent, ct);
    }

    private async Task<PaymentIntent?> FindAsync(CardSetup setup, string customer, CancellationToken ct)
    {
        await foreach (
            var intent in stripe.V1.PaymentIntents.ListAutoPagingAsync(
                new PaymentIntentListOptions { Customer = customer, Limit = 100 },
                cancellationToken: ct
            )
        )
        {
            if (intent.Metadata.GetValueOrDefault(SetupMark) == setup.Id.ToString())
            {
                return intent;
            }
        }

        return null;
    }

    private async Task<PaymentIntent> CreateAsync(CardSetup setup, PaymentMethod method, string customer, CancellationToken ct)
    {
        var options = new PaymentIntentCreateOptions
        {
            Amount = CardSetup.AuthorizedCents,
            Currency = "usd",
            Customer = customer,
            PaymentMethod = method.Id,
            AllowedPaymentMethodTypes = ["card"],
            CaptureMethod = "manual",
            Confirm = true,
            OffSession = true,
            Description = "Card check, cancelled at once",
            Metadata = new Dictionary<string, string>(StringComparer.Ordinal) { [SetupMark] = setup.Id.ToString() },
        };
        try
        {
            return await stripe.V1.PaymentIntents.CreateAsync(
                options,
                new RequestOptions { IdempotencyKey = $"card-check-{setup.Id}" },
                ct
            );
        }
        catch (StripeException declined) when (declined.StripeError is { Type: "card_error", PaymentIntent: { } intent })
        {
            intent.LastPaymentError ??= declined.StripeError;
            return intent;
        }
    }

    private async Task<Verdict> EndAsync(CardSetup setup, PaymentIntent intent, CancellationToken ct)
    {
        switch (intent)
        {
            case { LastPaymentError: { } error }:
                return new Verdict(IsKnown: true, error);
            case { Status: "requires_capture" }:
                await stripe.V1.PaymentIntents.CancelAsync(
                    intent.Id,
                    new PaymentIntentCancelOptions(),
                    new RequestOptions { IdempotencyKey = $"card-check-cancel-{setup.Id}" },
                    ct
                );
                return new Verdict(IsKnown: true);
            case { Status: "canceled" }:
                // Only an authorization that was granted is ever cancelled, by an earlier run or by Stripe after a week.
                return new Verdict(IsKnown: true);
            case { Status: "requires_action" }:
                return new Verdict(IsKnown: true, new StripeError { Code = "authentication_required" });
            default:
                return new Verdict(IsKnown: false);
        }
    }
}
