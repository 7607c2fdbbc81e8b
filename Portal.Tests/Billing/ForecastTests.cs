using Portal.Model.Billing;

namespace Portal.Tests.Billing;

public sealed class ForecastTests
{
    private static readonly DateTimeOffset Month = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = Month.AddDays(10);

    private static readonly Price[] Prices =
    [
        new()
        {
            Sku = Skus.Disk,
            PerHour = 0.0001m,
            From = Month.AddYears(-1),
        },
        new()
        {
            Sku = "instance.t1.nano",
            PerHour = 0.01m,
            From = Month.AddYears(-1),
        },
        new()
        {
            Sku = "instance.t1.nano",
            PerHour = 9m,
            From = Month.AddYears(1),
        },
    ];

    [Fact]
    public void What_runs_goes_on_until_the_month_ends()
    {
        var forecast = new Forecast([ASpan(Month.AddDays(-5), null), ASpan(Month.AddDays(1), Month.AddDays(2), "i-2")], Prices, Now);
        Assert.Equal(2.40m + 0.24m, forecast.SoFar.Total);
        Assert.Equal(7.20m + 0.24m, forecast.AtMonthEnd.Total);
    }

    [Fact]
    public void An_addition_costs_from_now_to_the_months_end()
    {
        var forecast = new Forecast([ASpan(Month.AddDays(-5), null)], Prices, Now);
        Assert.Equal(7.20m + 4.80m + 0.38m, forecast.MonthEndWith([new("new", "instance.t1.nano", 1), new("new", Skus.Disk, 8)]));
    }

    [Fact]
    public void Starting_what_was_stopped_adds_to_its_own_line()
    {
        var forecast = new Forecast([ASpan(Month, Month.AddDays(5))], Prices, Now);
        Assert.Equal(1.20m, forecast.AtMonthEnd.Total);
        Assert.Equal(6.00m, forecast.MonthEndWith([new("i-1", "instance.t1.nano", 1)]));
    }

    [Fact]
    public void Stopping_ends_what_is_open_now()
    {
        var forecast = new Forecast([ASpan(Month, null), ASpan(Month, null, "i-2")], Prices, Now);
        Assert.Equal(14.40m, forecast.AtMonthEnd.Total);
        Assert.Equal(7.20m + 2.40m, forecast.MonthEndWithout(span => span.ResourceId is "i-1"));
    }

    [Fact]
    public void An_account_without_usage_owes_nothing()
    {
        var forecast = new Forecast([], Prices, Now);
        Assert.Equal(0m, forecast.SoFar.Total);
        Assert.Equal(0m, forecast.AtMonthEnd.Total);
    }

    [Fact]
    public void A_months_bill_begins_at_midnight_in_utc() =>
        Assert.Equal(Month, new Forecast([], Prices, new DateTimeOffset(2026, 11, 1, 1, 30, 0, TimeSpan.FromHours(1))).MonthStart);

    [Fact]
    public void A_resources_cost_is_the_sum_of_its_lines_on_every_bill()
    {
        var cost = ResourceCost.Of([ASpan(Month.AddDays(-1.5), null)], Prices, Now);
        Assert.Equal(0.36m + 2.40m, cost.SoFar);
        Assert.Equal(7.30m, cost.PerMonth);
    }

    [Fact]
    public void What_is_over_costs_nothing_per_month() =>
        Assert.Equal(new ResourceCost(0.24m, 0m), ResourceCost.Of([ASpan(Month, Month.AddDays(1))], Prices, Now));

    private static UsageSpan ASpan(DateTimeOffset from, DateTimeOffset? to, string resource = "i-1") =>
        new()
        {
            AccountId = "acc-1",
            ResourceId = resource,
            ResourceName = resource,
            Sku = "instance.t1.nano",
            Quantity = 1,
            From = from,
            To = to,
        };
}
