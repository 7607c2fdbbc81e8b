using System.Globalization;
using System.Net;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Tells <see cref="PortPublisher"/> which port of the host's loopback leads to which guest: one small file for each port, named by it,
/// with the router's namespace, the guest's address, whose it is (a machine's own ssh port, or a public address's) and the guest's port.
/// </summary>
internal static class PublishedPorts
{
    private const int Ssh = 22;

    /// <summary>A machine's own port, for ssh.</summary>
    public static void Ensure(EngineSettings settings, InstanceSpec spec)
    {
        foreach (var (port, _) in Read(settings).Where(pair => pair.Value.Owner == spec.Id && pair.Key != spec.PublicPort))
        {
            File.Delete(FileOf(settings, port));
        }

        if (spec is { PublicPort: { } wanted, Interfaces: [var networkInterface, ..] })
        {
            Write(settings, wanted, new PublishedPort(settings.Router(spec.NetworkId), networkInterface.Address, spec.Id, Ssh));
        }
    }

    /// <summary>
    /// The ports that stand for the public addresses of a network's members. One that has moved to another network is that one's by now.
    /// </summary>
    public static void Ensure(EngineSettings settings, NetworkSpec network)
    {
        var router = settings.Router(network.Id);
        var wanted = network
            .Addresses.SelectMany(address =>
                address.Forwards.Select(forward =>
                    (forward.Port, new PublishedPort(router, address.Private, address.Id, forward.GuestPort))
                )
            )
            .ToDictionary(pair => pair.Port, pair => pair.Item2);
        foreach (var port in OfAddresses(settings, router).Where(port => !wanted.ContainsKey(port)))
        {
            File.Delete(FileOf(settings, port));
        }

        foreach (var (port, target) in wanted)
        {
            Write(settings, port, target);
        }
    }

    public static void Remove(EngineSettings settings, string instanceId)
    {
        foreach (var (port, _) in Read(settings).Where(pair => pair.Value.Owner == instanceId))
        {
            File.Delete(FileOf(settings, port));
        }
    }

    public static void RemoveAddresses(EngineSettings settings, string networkId) =>
        OfAddresses(settings, settings.Router(networkId)).ForEach(port => File.Delete(FileOf(settings, port)));

    public static IReadOnlyDictionary<int, PublishedPort> Read(EngineSettings settings)
    {
        var ports = new Dictionary<int, PublishedPort>();
        foreach (var file in Directory.Exists(settings.Published) ? Directory.GetFiles(settings.Published) : [])
        {
            if (
                int.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                && Read(file) is { } target
            )
            {
                ports[port] = target;
            }
        }

        return ports;
    }

    private static List<int> OfAddresses(EngineSettings settings, string router) =>
        [
            .. Read(settings)
                .Where(pair => pair.Value.Router == router && pair.Value.Owner.StartsWith("eipalloc-", StringComparison.Ordinal))
                .Select(pair => pair.Key),
        ];

    private static void Write(EngineSettings settings, int port, PublishedPort target)
    {
        var file = FileOf(settings, port);
        if (Read(file) != target)
        {
            EngineFolder.WriteClosed(file + ".new", target.ToString());
            File.Move(file + ".new", file, overwrite: true);
        }
    }

    private static PublishedPort? Read(string file)
    {
        try
        {
            return PublishedPort.Parse(File.ReadAllText(file));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static string FileOf(EngineSettings settings, int port) =>
        Path.Combine(settings.Published, port.ToString(CultureInfo.InvariantCulture));
}

/// <param name="Owner">Id of the machine whose ssh port it is, or of the public address that it belongs to.</param>
internal sealed record PublishedPort(string Router, IPAddress Address, string Owner, int GuestPort)
{
    public static PublishedPort? Parse(string text) =>
        text.Split(' ') is [var router, var address, var owner, var port]
        && IpText.TryAddress(address, out var parsed)
        && int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new PublishedPort(router, parsed, owner, number)
            : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Router} {Address} {Owner} {GuestPort}");
}
