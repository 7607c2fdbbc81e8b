using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>
/// A resource on a month's bill: what it has cost and what it will have cost at the month's end, neither rounded, and the lines behind
/// that.
/// </summary>
/// <param name="ResourceName">What it is called today; of what exists no more, what it was called last.</param>
/// <param name="Exists">
/// False for what was terminated, deleted or released. What exists may still cost nothing now, like a stopped instance.
/// </param>
public sealed record BillRow(
    string ResourceId,
    string ResourceName,
    bool Exists,
    decimal SoFar,
    decimal AtMonthEnd,
    IReadOnlyList<RatedLine> Lines
)
{
    public static async Task<IReadOnlyList<BillRow>> LoadAsync(PortalDb db, string accountId, Forecast forecast, CancellationToken ct) =>
        Of(
            forecast,
            await BilledResources.FindAsync(
                db,
                accountId,
                [.. forecast.AtMonthEnd.Lines.Select(line => line.ResourceId).Distinct(StringComparer.Ordinal)],
                ct
            )
        );

    /// <summary>Every resource of the month, the dearest first.</summary>
    /// <param name="known">What is known of them.</param>
    public static IReadOnlyList<BillRow> Of(Forecast forecast, IReadOnlyDictionary<string, BilledResource> known)
    {
        var soFar = forecast.SoFar.Lines.ToLookup(line => line.ResourceId, StringComparer.Ordinal);
        return
        [
            .. forecast
                .AtMonthEnd.Lines.GroupBy(line => line.ResourceId, StringComparer.Ordinal)
                .Select(group => new BillRow(
                    group.Key,
                    known.GetValueOrDefault(group.Key)?.Name ?? group.First().ResourceName,
                    known.GetValueOrDefault(group.Key)?.Exists is true,
                    soFar[group.Key].Sum(line => line.Amount),
                    group.Sum(line => line.Amount),
                    [.. group]
                ))
                .OrderByDescending(row => row.AtMonthEnd)
                .ThenBy(row => row.ResourceName, StringComparer.Ordinal)
                .ThenBy(row => row.ResourceId, StringComparer.Ordinal),
        ];
    }
}
