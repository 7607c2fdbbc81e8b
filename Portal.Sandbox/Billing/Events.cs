using Stripe;

namespace Portal.Sandbox.Billing;

internal static class Events
{
    public static IEnumerable<Route> Routes =>
        [
            Route.Get<EventGetOptions, Event>(
                "/v1/events/{id}",
                "",
                (call, _) => call.Books.Find<Event>(call.Id) ?? throw Refusal.NoSuch("event", call.Id)
            ),
            Route.Get<EventListOptions, StripeList<Event>>(
                "/v1/events",
                "type types limit starting_after ending_before",
                (call, options) =>
                    Listing.Of(
                        call,
                        options,
                        call.Books.All<Event>()
                            .Where(told =>
                                (options.Type is null || string.Equals(told.Type, options.Type, StringComparison.Ordinal))
                                && (options.Types is null || options.Types.Contains(told.Type, StringComparer.Ordinal))
                            )
                    )
            ),
        ];
}
