using CsCheck;
using Portal.Model.Billing;

namespace Portal.Tests.Billing;

public sealed class RatingTests
{
    private static readonly DateTimeOffset Month = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset NextMonth = Month.AddMonths(1);

    private static readonly Price[] Prices =
    [
        new()
        {
            Sku = Skus.Disk,
            PerHour = 0.00011m,
            From = Month.AddYears(-1),
        },
        new()
        {
            Sku = "instance.t1.nano",
            PerHour = 0.0060m,
            From = Month.AddYears(-1),
        },
        new()
        {
            Sku = "instance.t1.nano",
            PerHour = 0.0071m,
            From = Month.AddDays(11.3),
        },
        new()
        {
            Sku = Skus.BucketOut,
            PerHour = 0.05m,
            Free = 7,
            From = Month.AddYears(-1),
        },
        new()
        {
            Sku = Skus.BucketOut,
            PerHour = 0.09m,
            Free = 5,
            From = Month.AddDays(20),
        },
        new()
        {
            Sku = Skus.BucketStorage,
            PerHour = 0.00003m,
            Free = 5,
            From = Month.AddYears(-1),
        },
    ];

    private static readonly string[] Sold = [Skus.Disk, "instance.t1.nano", Skus.BucketOut, Skus.BucketStorage];

    private static readonly Gen<UsageSpan> Span =
        from resource in Gen.Int[1, 3]
        from sku in Gen.Int[0, Sold.Length - 1].Select(index => Sold[index])
        from quantity in Gen.Int[1, 64]
        from start in Gen.Long[-10 * TimeSpan.TicksPerDay, 35 * TimeSpan.TicksPerDay]
        from length in Gen.Long[0, 20 * TimeSpan.TicksPerDay]
        from open in Gen.Bool
        select ASpan($"i-{resource}", sku, quantity, Month.AddTicks(start), open ? null : Month.AddTicks(start + length));

    [Fact]
    public void One_hour_of_a_nano_costs_its_hourly_price_rounded_to_the_cent() =>
        Assert.Equal(0.01m, Rating.Rate([ASpan("i-1", "instance.t1.nano", 1, Month, Month.AddHours(1))], Prices, Month, NextMonth).Total);

    [Fact]
    public void A_span_across_a_change_of_price_is_rated_by_both() =>
        Assert.Equal(
            Math.Round((11.3m * 24 * 0.0060m) + (18.7m * 24 * 0.0071m), 2, MidpointRounding.ToEven),
            Rating.Rate([ASpan("i-1", "instance.t1.nano", 1, Month.AddDays(-3), null)], Prices, Month, NextMonth).Total
        );

    [Fact]
    public void Half_a_cent_rounds_to_even()
    {
        var half = new Price
        {
            Sku = "half",
            PerHour = 0.005m,
            From = Month,
        };
        Assert.Equal(0.00m, Rating.Rate([ASpan("i-1", "half", 1, Month, Month.AddHours(1))], [half], Month, NextMonth).Total);
        Assert.Equal(0.02m, Rating.Rate([ASpan("i-1", "half", 3, Month, Month.AddHours(1))], [half], Month, NextMonth).Total);
    }

    [Fact]
    public void Many_lives_cost_as_much_as_one_long_one()
    {
        // Fifty minutes of a nano are half a cent: alone it rounds to nothing, twenty of them do not.
        var lives = Enumerable
            .Range(0, 20)
            .Select(n => ASpan($"i-{n}", "instance.t1.nano", 1, Month.AddMinutes(50 * n), Month.AddMinutes(50 * (n + 1))));
        var rated = Rating.Rate(lives, Prices, Month, NextMonth);
        Assert.Equal(0.10m, rated.Total);
        Assert.Equal(
            0.10m,
            Rating.Rate([ASpan("i-1", "instance.t1.nano", 1, Month, Month.AddMinutes(1000))], Prices, Month, NextMonth).Total
        );
        Assert.Equal("instance.t1.nano", Assert.Single(rated.Invoice).Sku);
        Assert.Equal(20, rated.Lines.Count);
    }

    [Fact]
    public void The_first_units_of_a_month_are_free_for_the_account_and_not_for_each_resource()
    {
        var hour = Month.AddDays(3);
        UsageSpan[] spans =
        [
            ASpan("bkt-1", Skus.BucketOut, 6, hour, hour.AddHours(1)),
            ASpan("bkt-2", Skus.BucketOut, 21, hour, hour.AddHours(1)),
        ];
        Assert.Equal(
            new InvoiceLine(Skus.BucketOut, 27, 7, 1.35m, 1.00m),
            Assert.Single(Rating.Rate(spans, Prices, Month, NextMonth).Invoice)
        );
        Assert.Equal(0m, Rating.Rate(spans[..1], Prices, Month, NextMonth).Total);
    }

    [Fact]
    public void What_lasts_is_free_all_month_long_and_what_is_more_costs()
    {
        Assert.Equal(0m, Rating.Rate([ASpan("bkt-1", Skus.BucketStorage, 5, Month.AddDays(-1), null)], Prices, Month, NextMonth).Total);
        Assert.Equal(
            Math.Round(200 * 720 * 0.00003m, 2),
            Rating.Rate([ASpan("bkt-1", Skus.BucketStorage, 205, Month.AddDays(-1), null)], Prices, Month, NextMonth).Total
        );
    }

    [Fact]
    public void What_is_counted_in_an_hour_costs_by_the_piece() =>
        Assert.Equal(
            new InvoiceLine(Skus.BucketOut, 100, 5, 9.00m, 8.55m),
            Assert.Single(
                Rating
                    .Rate(
                        [ASpan("bkt-1", Skus.BucketOut, 100, NextMonth.AddDays(2), NextMonth.AddDays(2).AddHours(1))],
                        Prices,
                        NextMonth,
                        NextMonth.AddMonths(1)
                    )
                    .Invoice
            )
        );

    [Fact]
    public void Splitting_a_span_anywhere_changes_no_total() =>
        Gen.Select(Span.Array[1, 12], Gen.Int[0, 11], Gen.Double.Unit)
            .Sample(
                (spans, which, where) =>
                {
                    var span = spans[which % spans.Length];
                    var end = span.To ?? NextMonth.AddDays(1);
                    var middle = span.From.AddTicks((long)((end - span.From).Ticks * where));
                    var split = spans
                        .Where(other => other != span)
                        .Append(Copy(span, span.From, middle))
                        .Append(Copy(span, middle, span.To));
                    Assert.Equal(Total(spans), Total(split));
                }
            );

    [Fact]
    public void Reordering_spans_changes_no_total() =>
        Span.Array[0, 20].Sample(spans => Assert.Equal(Total(spans), Total(spans.Reverse())));

    [Fact]
    public void Merging_adjacent_spans_changes_no_total() =>
        Gen.Select(Span, Gen.Long[1, 5 * TimeSpan.TicksPerDay])
            .Sample(
                (span, more) =>
                {
                    var end = span.To ?? span.From.AddDays(2);
                    Assert.Equal(
                        Total([Copy(span, span.From, end.AddTicks(more))]),
                        Total([Copy(span, span.From, end), Copy(span, end, end.AddTicks(more))])
                    );
                }
            );

    private static decimal Total(IEnumerable<UsageSpan> spans) => Rating.Rate(spans, Prices, Month, NextMonth).Total;

    private static UsageSpan Copy(UsageSpan span, DateTimeOffset from, DateTimeOffset? to) =>
        ASpan(span.ResourceId, span.Sku, span.Quantity, from, to);

    private static UsageSpan ASpan(string resource, string sku, decimal quantity, DateTimeOffset from, DateTimeOffset? to) =>
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
