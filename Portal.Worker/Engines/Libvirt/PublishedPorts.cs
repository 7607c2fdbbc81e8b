using System.Globalization;
using System.Net;
using Portal.Model.Compute;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Tells <see cref="PortPublisher"/> which port of the host's loopback leads to which guest: one small file for each port, named by it, with
/// the router's namespace, the guest's address and the machine's id.
/// </summary>
internal static class PublishedPorts
{
    public static void Ensure(EngineSettings settings, InstanceSpec spec)
    {
        foreach (var (port, target) in Read(settings))
        {
            if (string.Equals(target.InstanceId, spec.Id, StringComparison.Ordinal) && port != spec.PublicPort)
            {
                File.Delete(FileOf(settings, port));
            }
        }

        if (spec.PublicPort is { } wanted)
        {
            var target = new PublishedPort(settings.Router(spec.NetworkId), spec.Interfaces[0].Address, spec.Id);
            var file = FileOf(settings, wanted);
            if (Read(file) != target)
            {
                File.WriteAllText(file + ".new", target.ToString());
                File.Move(file + ".new", file, overwrite: true);
            }
        }
    }

    public static void Remove(EngineSettings settings, string instanceId)
    {
        foreach (var (port, _) in Read(settings).Where(pair => string.Equals(pair.Value.InstanceId, instanceId, StringComparison.Ordinal)).ToList())
        {
            File.Delete(FileOf(settings, port));
        }
    }

    public static IReadOnlyDictionary<int, PublishedPort> Read(EngineSettings settings)
    {
        var ports = new Dictionary<int, PublishedPort>();
        foreach (var file in Directory.Exists(settings.Published) ? Directory.GetFiles(settings.Published) : [])
        {
            if (int.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && Read(file) is { } target)
            {
                ports[port] = target;
            }
        }

        return ports;
    }

    private static PublishedPort? Read(string file)
    {
        try
        {
            return File.ReadAllText(file).Split(' ') is [var router, var address, var instance] && IPAddress.TryParse(address, out var parsed) ? new PublishedPort(router, parsed, instance) : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static string FileOf(EngineSettings settings, int port) => Path.Combine(settings.Published, port.ToString(CultureInfo.InvariantCulture));
}

internal sealed record PublishedPort(string Router, IPAddress Address, string InstanceId)
{
    public override string ToString() => $"{Router} {Address} {InstanceId}";
}
