using System.Globalization;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>How money, sizes and times are written, everywhere the same.</summary>
public static class Format
{
    private static readonly CultureInfo English = CultureInfo.InvariantCulture;

    /// <summary>US dollars and cents: <c>$1,234.50</c>.</summary>
    public static string Money(decimal dollars) => string.Create(English, $"{(dollars < 0 ? "−" : "")}${Math.Abs(dollars):N2}");

    /// <summary>US dollars with what there is of a cent, to a hundredth of it: <c>$0.0050</c>, <c>$12.40</c>.</summary>
    public static string Exact(decimal dollars) => string.Create(English, $"${dollars:#,##0.00##}");

    /// <summary>A price per hour, which may be a fraction of a cent: <c>$0.0060</c>.</summary>
    public static string HourlyPrice(decimal dollars) => string.Create(English, $"${dollars:0.0000##}");

    /// <summary>The price of a unit that may be very small: <c>$0.0060</c>, <c>$0.00003</c>.</summary>
    public static string UnitPrice(decimal dollars) => string.Create(English, $"${dollars:0.0000####}");

    /// <summary>Memory as it is sold: <c>512 MiB</c>, <c>4 GiB</c>.</summary>
    public static string Memory(int mib) =>
        mib < 1024 ? string.Create(English, $"{mib} MiB") : string.Create(English, $"{mib / 1024.0:0.#} GiB");

    /// <summary>Bytes as they are sold, binary: <c>12 bytes</c>, <c>1.4 KiB</c>, <c>230 MiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        string[] units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var (value, unit) = ((double)bytes, 0);
        for (; value >= 1024 && unit < units.Length - 1; unit++)
        {
            value /= 1024;
        }

        return unit == 0
            ? string.Create(English, $"{bytes} {(bytes == 1 ? "byte" : "bytes")}")
            : string.Create(English, $"{(value < 10 ? Math.Round(value, 1) : Math.Round(value)):0.#} {units[unit]}");
    }

    /// <summary>What a snapshot takes: <c>640 MiB</c> or <c>3.2 GiB</c>; nothing is said before it is complete.</summary>
    public static string Stored(int mib) =>
        mib switch
        {
            0 => "",
            < 1024 => $"{mib} MiB",
            _ => string.Create(English, $"{mib / 1024m:0.0} GiB"),
        };

    /// <summary>How many of something: <c>1 object</c>, <c>1,234 objects</c>.</summary>
    public static string Count(long count, string one) => Counted.Of(count, one);

    public static string Time(DateTimeOffset at) => at.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", English);

    /// <summary>For what was seen a while ago: <c>14:05 UTC</c>, with the day unless that is today's.</summary>
    public static string Clock(DateTimeOffset at, DateTimeOffset now) =>
        at.UtcDateTime.ToString(at.UtcDateTime.Date == now.UtcDateTime.Date ? "HH:mm 'UTC'" : "yyyy-MM-dd HH:mm 'UTC'", English);

    public static string Date(DateTimeOffset at) => at.ToString("yyyy-MM-dd", English);

    /// <summary>A duration in its two largest units: <c>3 d 4 h</c>, <c>12 min 5 s</c>, <c>8 s</c>.</summary>
    public static string Duration(TimeSpan span) =>
        span switch
        {
            { TotalDays: >= 1 } => string.Create(English, $"{(int)span.TotalDays} d {span.Hours} h"),
            { TotalHours: >= 1 } => string.Create(English, $"{(int)span.TotalHours} h {span.Minutes} min"),
            { TotalMinutes: >= 1 } => string.Create(English, $"{(int)span.TotalMinutes} min {span.Seconds} s"),
            _ => string.Create(English, $"{Math.Max(0, (int)span.TotalSeconds)} s"),
        };
}
