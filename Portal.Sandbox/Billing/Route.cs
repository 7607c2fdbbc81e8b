using Stripe;

namespace Portal.Sandbox.Billing;

/// <summary>What a handler knows of the call it answers.</summary>
internal sealed record Call(Books Books, string Path, string Id, object Options, EventRequest Request, string BaseUrl);

/// <summary>One of Stripe's calls that the sandbox plays. The tests walk all of them and hold them against Stripe.net's classes.</summary>
/// <param name="Path">As in Stripe's reference, with at most one <c>{id}</c>.</param>
/// <param name="Options">The class whose properties are the parameters that Stripe accepts.</param>
/// <param name="Played">Those of them that have an effect here.</param>
internal sealed record Route(
    HttpMethod Method,
    string Path,
    Type Options,
    Type Answer,
    IReadOnlySet<string> Played,
    Func<Call, StripeEntity> Handle
)
{
    public static IReadOnlyList<Route> All { get; } =
    [
        .. Customers.Routes,
        .. CheckoutSessions.Routes,
        .. SetupIntents.Routes,
        .. PaymentMethods.Routes,
        .. PaymentIntents.Routes,
        .. Events.Routes,
    ];

    public static Route Get<TOptions, TAnswer>(string path, string played, Func<Call, TOptions, TAnswer> handle)
        where TOptions : BaseOptions
        where TAnswer : StripeEntity => Of(HttpMethod.Get, path, played, handle);

    public static Route Post<TOptions, TAnswer>(string path, string played, Func<Call, TOptions, TAnswer> handle)
        where TOptions : BaseOptions
        where TAnswer : StripeEntity => Of(HttpMethod.Post, path, played, handle);

    /// <summary>The route of a request and the id in its address.</summary>
    public static (Route Route, string Id)? Match(string method, string path)
    {
        var asked = path.Trim('/').Split('/');
        foreach (var route in All.Where(route => string.Equals(route.Method.Method, method, StringComparison.Ordinal)))
        {
            var known = route.Path.Trim('/').Split('/');
            if (
                known.Length == asked.Length
                && known.Zip(asked).All(pair => pair.First is "{id}" || string.Equals(pair.First, pair.Second, StringComparison.Ordinal))
            )
            {
                return (route, known.Zip(asked).FirstOrDefault(pair => pair.First is "{id}").Second ?? "");
            }
        }

        return null;
    }

    private static Route Of<TOptions, TAnswer>(HttpMethod method, string path, string played, Func<Call, TOptions, TAnswer> handle)
        where TOptions : BaseOptions
        where TAnswer : StripeEntity =>
        new(
            method,
            path,
            typeof(TOptions),
            typeof(TAnswer),
            played.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal),
            call => handle(call, (TOptions)call.Options)
        );
}
