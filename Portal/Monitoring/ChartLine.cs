using System.Globalization;
using System.Text;

namespace Portal.Monitoring;

/// <summary>
/// One line of a chart: points in the order of time. Where the next is further away than a step, or a value is missing, the line has a gap.
/// </summary>
public sealed record ChartLine(string Label, IReadOnlyList<(DateTimeOffset At, double? Value)> Points)
{
    public IEnumerable<double> Values => Points.Select(point => point.Value).OfType<double>();

    public double? Latest => Points.Count > 0 ? Points[^1].Value : null;
}

/// <summary>Where points lie in a plot of 1000 by 100, zero at its lower edge.</summary>
/// <param name="Top">The value at the upper edge.</param>
public sealed record ChartScale(DateTimeOffset From, DateTimeOffset To, TimeSpan Step, double Top)
{
    public const int Width = 1000;
    public const int Height = 100;

    private static readonly double[] Steps = [1, 2, 2.5, 5, 10];

    /// <summary>The least round number that is not below any of them.</summary>
    public static double RoundUp(IEnumerable<double> values, double least)
    {
        var largest = Math.Max(least, values.DefaultIfEmpty(0).Max());
        var power = Math.Pow(10, Math.Floor(Math.Log10(largest)));
        return Steps.First(step => step * power >= largest * (1 - 1e-9)) * power;
    }

    public double X(DateTimeOffset at) => Width * ((at - From) / (To - From));

    /// <summary>The line as an SVG path. A point alone among gaps is a dot.</summary>
    public string Path(ChartLine line)
    {
        var path = new StringBuilder();
        foreach (var run in Runs(line))
        {
            path.Append(CultureInfo.InvariantCulture, $"M{Point(run[0])}");
            path.AppendJoin("", run.Skip(1).Select(point => $"L{Point(point)}"));
            path.Append(run.Count == 1 ? "h0" : "");
        }

        return path.ToString();
    }

    /// <summary>What lies beneath the line.</summary>
    public string Area(ChartLine line)
    {
        var path = new StringBuilder();
        foreach (var run in Runs(line).Where(run => run.Count > 1))
        {
            path.Append(CultureInfo.InvariantCulture, $"M{X(run[0].At):0.##} {Height}");
            path.AppendJoin("", run.Select(point => $"L{Point(point)}"));
            path.Append(CultureInfo.InvariantCulture, $"L{X(run[^1].At):0.##} {Height}Z");
        }

        return path.ToString();
    }

    private IEnumerable<List<(DateTimeOffset At, double Value)>> Runs(ChartLine line)
    {
        List<(DateTimeOffset At, double Value)> run = [];
        foreach (var (at, value) in line.Points)
        {
            if (run.Count > 0 && (value is null || at - run[^1].At > 1.5 * Step))
            {
                yield return run;
                run = [];
            }

            if (value is { } number)
            {
                run.Add((at, number));
            }
        }

        if (run.Count > 0)
        {
            yield return run;
        }
    }

    private string Point((DateTimeOffset At, double Value) point) =>
        string.Create(CultureInfo.InvariantCulture, $"{X(point.At):0.##} {Height * (1 - Math.Clamp(point.Value / Top, 0, 1)):0.###}");
}
