using Bunit;
using Portal.Billing;
using Portal.Model.Billing;
using Portal.Model.Shared;

namespace Portal.Tests.Billing;

public sealed class BillLineTests : BunitContext
{
    private static readonly DateTimeOffset Month = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Price[] Prices =
    [
        new()
        {
            Sku = "instance.t1.nano",
            PerHour = 0.01m,
            From = Month.AddYears(-1),
        },
        new()
        {
            Sku = Skus.Disk,
            PerHour = 0.0001m,
            From = Month.AddYears(-1),
        },
    ];

    [Fact]
    public void A_line_shows_what_was_used_its_price_and_every_span_within_the_month()
    {
        var forecast = new Forecast(
            [ASpan("instance.t1.nano", 1, Month.AddDays(-1), Month.AddDays(1)), ASpan("instance.t1.nano", 1, Month.AddDays(2), null)],
            Prices,
            Month.AddDays(3)
        );
        var line = Render<BillLine>(parameters =>
            parameters.Add(shown => shown.Line, forecast.AtMonthEnd.Lines[0]).Add(shown => shown.Forecast, forecast)
        );
        Assert.Contains("48.00 hours at $0.0100 per hour → $0.48", line.Find("h3").TextContent, StringComparison.Ordinal);
        Assert.Equal(
            ["2026-11-01 00:00:00 UTC", "2026-11-02 00:00:00 UTC", "1", "24.00"],
            line.FindAll("tbody tr")[0].Children.Select(cell => cell.TextContent)
        );
        Assert.Equal("still on", line.FindAll("tbody tr")[1].Children[1].TextContent);
    }

    [Fact]
    public void A_past_month_ends_at_its_end()
    {
        var forecast = new Forecast([ASpan(Skus.Disk, 8, Month, null)], Prices, Month.AddMonths(1).AddTicks(-1));
        var line = Render<BillLine>(parameters =>
            parameters
                .Add(shown => shown.Line, forecast.AtMonthEnd.Lines[0])
                .Add(shown => shown.Forecast, forecast)
                .Add(shown => shown.IsPast, true)
        );
        Assert.Contains("5,760.00 GiB-hours at $0.0001 per GiB-hour → $0.576", line.Find("h3").TextContent, StringComparison.Ordinal);
        Assert.Equal("2026-12-01 00:00:00 UTC", line.FindAll("tbody td")[1].TextContent);
    }

    [Fact]
    public void Resources_are_listed_dearest_first_with_the_sums_of_their_lines()
    {
        var rows = BillRow.Of(
            new Forecast([ASpan(Skus.Disk, 8, Month, null), ASpan("instance.t1.nano", 1, Month, null, "i-2")], Prices, Month.AddDays(1)),
            new Dictionary<string, BilledResource>(StringComparer.Ordinal) { ["i-1"] = new("web-1", Exists: true) }
        );
        Assert.Equal([("i-2", 0.24m, 7.20m), ("i-1", 0.0192m, 0.576m)], rows.Select(row => (row.ResourceId, row.SoFar, row.AtMonthEnd)));
    }

    [Fact]
    public void A_resource_is_called_as_it_is_today_and_deleted_only_if_it_is_gone()
    {
        // One was stopped, the other terminated: neither costs anything any more.
        var forecast = new Forecast(
            [ASpan("instance.t1.nano", 1, Month, Month.AddDays(1)), ASpan("instance.t1.nano", 1, Month, Month.AddDays(1), "i-2")],
            Prices,
            Month.AddDays(2)
        );
        var known = new Dictionary<string, BilledResource>(StringComparer.Ordinal)
        {
            ["i-1"] = new("renamed", Exists: true),
            ["i-2"] = new("renamed and gone", Exists: false),
        };
        var rows = BillRow.Of(forecast, known);
        Assert.Equal(
            [("i-1", "renamed", true), ("i-2", "renamed and gone", false)],
            rows.Select(row => (row.ResourceId, row.ResourceName, row.Exists))
        );
    }

    private static UsageSpan ASpan(string sku, decimal quantity, DateTimeOffset from, DateTimeOffset? to, string resource = "i-1") =>
        new()
        {
            AccountId = "acc-1",
            ResourceId = resource,
            ResourceName = resource,
            Sku = sku,
            Quantity = quantity,
            From = from,
            To = to,
        };
}
