using System.Globalization;

namespace Portal.Storage;

/// <summary>What snapshots are described with on several pages.</summary>
public static class SnapshotWords
{
    /// <summary>What it takes: <c>640 MiB</c> or <c>3.2 GiB</c>; nothing is said before it is complete.</summary>
    public static string Stored(int mib) => mib switch
    {
        0 => "",
        < 1024 => $"{mib} MiB",
        _ => string.Create(CultureInfo.InvariantCulture, $"{mib / 1024m:0.0} GiB"),
    };
}
