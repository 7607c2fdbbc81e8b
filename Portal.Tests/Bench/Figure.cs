using System.Globalization;
using System.Text.Json;

namespace Portal.Tests.Bench;

/// <summary>
/// One measured number beside its baseline of the same run and the bar that it should hold. The method is in docs/benchmarks.md.
/// </summary>
/// <param name="Bar">
/// What must not be exceeded: by the ratio if <paramref name="BarIsRatio"/>, else by the value. Null where the figure only informs.
/// </param>
public sealed record Figure(string Name, double Value, string Unit, double? Baseline = null, double? Bar = null, bool BarIsRatio = false)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public double? Ratio => Baseline is > 0 ? Value / Baseline : null;

    public bool? Holds => Bar is null ? null : (BarIsRatio ? Ratio : Value) <= Bar;

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Name, -58} {Value, 10:0.###} {Unit, -10} baseline {Text(Baseline), 9}  ratio {Text(Ratio), 7}  bar {(Bar is null ? "-" : $"{Text(Bar)}{(BarIsRatio ? "×" : "")}"), 7}  {(Holds switch { true => "holds", false => "DOES NOT HOLD", _ => "" })}"
        );

    public static string ToJson(IEnumerable<Figure> figures) =>
        JsonSerializer.Serialize(
            figures.Select(figure => new
            {
                figure.Name,
                figure.Value,
                figure.Unit,
                figure.Baseline,
                figure.Ratio,
                figure.Bar,
                figure.Holds,
            }),
            Json
        );

    /// <summary>The value that so many of the samples do not exceed, e.g. 0.95.</summary>
    public static double Percentile(IEnumerable<double> samples, double share)
    {
        var ordered = samples.Order().ToArray();
        return ordered[Math.Clamp((int)Math.Ceiling(share * ordered.Length) - 1, 0, ordered.Length - 1)];
    }

    public static double Median(IEnumerable<double> samples) => Percentile(samples, 0.5);

    private static string Text(double? number) => number is { } value ? value.ToString("0.###", CultureInfo.InvariantCulture) : "-";
}
