using System.Text.RegularExpressions;
using Portal.Model.Monitoring;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>What guests use, from libvirt's one call that tells of all of them.</summary>
public sealed partial class LibvirtEngine : IMetricsEngine
{
    public async Task<IReadOnlyList<MachineCounters>> CountersAsync(CancellationToken ct) =>
        [
            .. (await libvirt.CallAsync(session => session.Statistics(), ct))
                .Select(machine => Counters(machine.Name, machine.Values))
                .OfType<MachineCounters>(),
        ];

    /// <summary>
    /// Null for a machine that was busy: of such libvirt tells only a part. Names: https://libvirt.org/manpages/virsh.html#domstats
    /// </summary>
    internal static MachineCounters? Counters(string name, IReadOnlyDictionary<string, object> values)
    {
        long Number(string field) => values.TryGetValue(field, out var value) && value is long number ? number : 0;
        if (!values.ContainsKey("cpu.time"))
        {
            return null;
        }

        // The guest's own words; what it could get back from its caches at once is not in use.
        var hasMemory = values.ContainsKey("balloon.available") && values.ContainsKey("balloon.usable");
        var networkInterfaces = Enumerable.Range(0, (int)Number("net.count")).ToList();
        return new MachineCounters(
            name,
            TimeSpan.FromTicks(Number("cpu.time") / 100),
            (int)Math.Max(1, Number("vcpu.current")),
            hasMemory ? 1024 * (Number("balloon.available") - Number("balloon.usable")) : null,
            hasMemory ? 1024 * Number("balloon.available") : null,
            [.. Enumerable.Range(0, (int)Number("block.count")).Select(n => Disk(values, Number, n)).OfType<DiskCounters>()],
            networkInterfaces.Sum(n => Number($"net.{n}.rx.bytes")),
            networkInterfaces.Sum(n => Number($"net.{n}.tx.bytes"))
        );
    }

    /// <summary>A disk under the id of the volume in its path. Portal's own disks, such as the seed, are left out.</summary>
    private static DiskCounters? Disk(IReadOnlyDictionary<string, object> values, Func<string, long> number, int n)
    {
        var path = values.GetValueOrDefault($"block.{n}.path") as string ?? "";
        return path.EndsWith(".iso", StringComparison.Ordinal)
            ? null
            : new DiskCounters(
                VolumeInPath().Match(path) is { Success: true } match
                    ? match.Value
                    : (values.GetValueOrDefault($"block.{n}.name") as string ?? ""),
                number($"block.{n}.rd.bytes"),
                number($"block.{n}.wr.bytes"),
                number($"block.{n}.rd.reqs"),
                number($"block.{n}.wr.reqs")
            );
    }

    [GeneratedRegex("vol-[0-9a-f]{17}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex VolumeInPath();
}
