namespace Portal.Model.Billing;

/// <summary>A resource on a month's bill: what it has cost and what it will have cost at the month's end, neither rounded, and the lines behind that.</summary>
public sealed record BillRow(string ResourceId, string ResourceName, decimal SoFar, decimal AtMonthEnd, IReadOnlyList<RatedLine> Lines)
{
    /// <summary>Something of it goes on costing.</summary>
    public bool IsOpen => Lines.Any(line => line.Spans.Any(span => span.To is null));

    /// <summary>Every resource of the month, the dearest first.</summary>
    public static IReadOnlyList<BillRow> Of(Forecast forecast)
    {
        var soFar = forecast.SoFar.Lines.ToLookup(line => line.ResourceId, StringComparer.Ordinal);
        return
        [
            .. forecast.AtMonthEnd.Lines.GroupBy(line => line.ResourceId, StringComparer.Ordinal)
                .Select(group => new BillRow(group.Key, group.First().ResourceName, soFar[group.Key].Sum(line => line.Amount), group.Sum(line => line.Amount), [.. group]))
                .OrderByDescending(row => row.AtMonthEnd).ThenBy(row => row.ResourceName, StringComparer.Ordinal).ThenBy(row => row.ResourceId, StringComparer.Ordinal),
        ];
    }
}
