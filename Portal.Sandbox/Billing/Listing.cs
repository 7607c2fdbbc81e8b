using Stripe;

namespace Portal.Sandbox.Billing;

/// <summary>
/// Stripe's lists: newest first, pages by <c>limit</c> (10, at most 100), <c>starting_after</c> and <c>ending_before</c>.
/// </summary>
internal static class Listing
{
    public static StripeList<T> Of<T>(Call call, ListOptions options, IEnumerable<T> all)
        where T : StripeEntity, IHasId
    {
        if (options.Limit is < 1 or > 100)
        {
            throw Refusal.Invalid("Invalid integer: limit must be between 1 and 100", "parameter_invalid_integer", "limit");
        }

        var limit = (int)(options.Limit ?? 10);
        var rows = all.ToList();
        if (options.StartingAfter is { } after)
        {
            rows = [.. rows.Skip(Place(rows, after, "starting_after") + 1)];
        }

        if (options.EndingBefore is { } before)
        {
            rows = [.. rows.Take(Place(rows, before, "ending_before"))];
            return Page(rows.TakeLast(limit), rows.Count > limit);
        }

        return Page(rows.Take(limit), rows.Count > limit);

        StripeList<T> Page(IEnumerable<T> data, bool more) =>
            new()
            {
                Object = "list",
                Url = call.Path,
                Data = [.. data],
                HasMore = more,
            };
    }

    private static int Place<T>(List<T> rows, string id, string param)
        where T : IHasId =>
        rows.FindIndex(row => string.Equals(row.Id, id, StringComparison.Ordinal)) is >= 0 and var place
            ? place
            : throw Refusal.NoSuch("object", id, param);
}
