using Bunit;
using Portal.Model.Monitoring;
using Portal.Monitoring;

namespace Portal.Tests.Monitoring;

public sealed class ChartTests : BunitContext
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static readonly ChartScale Scale = new(Noon, Noon.AddMinutes(10), Minute, 100);

    [Fact]
    public void A_line_goes_from_point_to_point_with_zero_at_the_bottom() =>
        Assert.Equal("M0 100L100 50L200 0", Scale.Path(Line((0, 0), (1, 50), (2, 100))));

    [Fact]
    public void Where_a_step_or_a_value_is_missing_there_is_a_gap_and_a_point_alone_is_a_dot() =>
        Assert.Equal("M0 90L100 90M400 90h0M700 90L800 90", Scale.Path(Line((0, 10), (1, 10), (4, 10), (5, null), (7, 10), (8, 10))));

    [Fact]
    public void The_area_beneath_a_line_has_the_same_gaps() =>
        Assert.Equal("M0 100L0 90L100 80L100 100Z", Scale.Area(Line((0, 10), (1, 20), (4, 10))));

    [Fact]
    public void What_is_above_the_top_stays_in_the_picture() => Assert.Equal("M0 0L100 0", Scale.Path(Line((0, 100), (1, 250))));

    [Theory]
    [InlineData(0, 10, 10)]
    [InlineData(10.2, 10, 20)]
    [InlineData(43, 10, 50)]
    [InlineData(100, 10, 100)]
    [InlineData(2_300_000, 1000, 2_500_000)]
    [InlineData(0, 1, 1)]
    public void The_top_is_the_next_round_number(double largest, double least, double top) =>
        Assert.Equal(top, ChartScale.RoundUp([0, largest], least), 6);

    [Fact]
    public void What_the_picture_shows_stands_in_a_sentence_and_in_a_table()
    {
        var chart = Chart(Line((0, 10), (1, 30), (2, 20)));
        Assert.Equal("CPU: between 10 % and 30 %, 20 % on average, 20 % at last.", chart.Find("svg").GetAttribute("aria-label"));
        Assert.Empty(chart.FindAll("table"));
        chart.Find("details").TriggerEvent("ontoggle", EventArgs.Empty);
        Assert.Equal(
            ["2026-11-23 12:02", "20 %", "2026-11-23 12:01", "30 %", "2026-11-23 12:00", "10 %"],
            chart.FindAll("td").Select(cell => cell.TextContent)
        );
    }

    [Fact]
    public void Where_nothing_was_measured_the_chart_says_so()
    {
        var chart = Chart(Line());
        Assert.Equal("CPU: nothing was measured.", chart.Find("svg").GetAttribute("aria-label"));
        Assert.Equal("No data for this period", chart.Find(".chart-empty").TextContent);
        Assert.Empty(chart.FindAll("details"));
    }

    [Theory]
    [InlineData(MetricUnit.Percent, 12.34, "12.3 %")]
    [InlineData(MetricUnit.BytesPerSecond, 999, "999 B/s")]
    [InlineData(MetricUnit.BytesPerSecond, 1_540_000, "1.54 MB/s")]
    [InlineData(MetricUnit.BytesPerSecond, 2_000_000_000, "2 GB/s")]
    [InlineData(MetricUnit.PerSecond, 1234.5, "1,234.5 per second")]
    public void Values_are_said_in_their_units(MetricUnit unit, double value, string words) => Assert.Equal(words, unit.Quantity(value));

    [Fact]
    public void Every_range_ends_now_and_has_as_many_points_as_an_eye_can_tell_apart() =>
        Assert.All(
            MetricRange.All,
            range =>
            {
                var now = Noon.AddSeconds(42);
                Assert.True(range.End(now) > now && range.End(now) - now <= range.Step);
                Assert.Equal(range.Length, range.End(now) - range.Start(now));
                Assert.InRange(range.Length / range.Step, 60, 750);
                Assert.Equal(0, range.Step.Ticks % range.Resolution.Length.Ticks);
                Assert.True(range.Length <= range.Resolution.Kept);
            }
        );

    private IRenderedComponent<LineChart> Chart(ChartLine line) =>
        Render<LineChart>(parameters =>
            parameters
                .Add(chart => chart.Title, "CPU")
                .Add(chart => chart.Lines, [line])
                .Add(chart => chart.From, Noon)
                .Add(chart => chart.To, Noon.AddMinutes(10))
                .Add(chart => chart.Step, Minute)
                .Add(chart => chart.Least, 10)
                .Add(chart => chart.Say, value => MetricUnit.Percent.Quantity(value))
        );

    private static ChartLine Line(params (int Minute, double? Value)[] points) =>
        new("CPU", [.. points.Select(point => (Noon.AddMinutes(point.Minute), point.Value))]);
}
