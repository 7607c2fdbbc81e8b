using System.Text.Json;
using System.Xml.Linq;
using Portal.Model.Shared;
using static Portal.Worker.Engines.Libvirt.LibvirtLibrary;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// What QEMU has open that libvirt knows nothing of. A libvirtd that is killed between asking QEMU for a disk and writing that down does
/// not know of it afterwards, and QEMU keeps the file locked until the machine stops. So QEMU is asked itself.
/// https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html
/// </summary>
internal sealed partial class Domain
{
    /// <summary>
    /// Makes QEMU let go of these files, as far as it has them for no disk of libvirt's. False if there was nothing of the kind;
    /// <see cref="EngineFault.Unavailable"/> while the guest is still at it.
    /// </summary>
    /// <param name="images">Those of a volume which the running machine does not have.</param>
    public bool DropOrphans(OpenedImages images)
    {
        // QEMU first: what libvirt adds after that is not among the nodes, and what it added before is in its description.
        var open = Ask("query-named-block-nodes", new { flat = true })
            .EnumerateArray()
            .Where(node =>
                node.GetProperty("file").GetString() is { } of && (of.Equals(images.Own, StringComparison.Ordinal) || images.IsParent(of))
            )
            .ToLookup(
                node => node.GetProperty("file").GetString()!.Equals(images.Own, StringComparison.Ordinal),
                node => node.GetProperty("node-name").GetString()!
            );
        var named = open[true].Any() ? NamedNodes().ToHashSet(StringComparer.Ordinal) : [];
        var own = open[true].Where(node => !named.Contains(node)).ToList();
        if (own.Count == 0)
        {
            return false;
        }

        List<string> orphans = [.. own, .. open[false].Where(node => !named.Contains(node))];

        // One that the guest has for a disk already. It is not asked, but what it has just asked of the disk comes to its end first.
        foreach (
            var device in Ask("query-block", new { })
                .EnumerateArray()
                .Where(device => orphans.Contains(NodeOf(device), StringComparer.Ordinal))
        )
        {
            Try("device_del", new { id = device.GetProperty("qdev").GetString() });
        }

        Close(orphans);
        own.RemoveAll(node => !orphans.Contains(node, StringComparer.Ordinal));
        return own.Count == 0
            ? true
            : throw new EngineException(
                EngineFault.Unavailable,
                "The host cannot do it at the moment.",
                vendorMessage: $"QEMU still uses {string.Join(", ", own)}, of which libvirt knows nothing."
            );
    }

    /// <summary>A node goes after those that are built on it: QEMU refuses what is in use.</summary>
    private void Close(List<string> nodes)
    {
        while (
            nodes.RemoveAll(node => Try("blockdev-del", new Dictionary<string, string>(StringComparer.Ordinal) { ["node-name"] = node }))
            > 0
        ) { }
    }

    private static string? NodeOf(JsonElement device) =>
        device.TryGetProperty("inserted", out var inserted) && inserted.TryGetProperty("node-name", out var node) ? node.GetString() : null;

    /// <summary>
    /// The nodes of all that libvirt describes: it numbers the sources of a running machine, and calls the nodes of each after its number.
    /// https://libvirt.org/formatdomain.html (index)
    /// </summary>
    private IEnumerable<string> NamedNodes() =>
        Devices(live: true)
            .Descendants()
            .Attributes("index")
            .Where(index => index.Parent!.Name.LocalName is "source" or "backingStore" or "mirror")
            .SelectMany(index => new[] { $"libvirt-{index.Value}-storage", $"libvirt-{index.Value}-format" });

    private bool Try(string command, object arguments) => !Command(command, arguments).TryGetProperty("error", out _);

    private JsonElement Ask(string command, object arguments) =>
        Command(command, arguments) is var answer && answer.TryGetProperty("return", out var told)
            ? told
            : throw new EngineException(
                EngineFault.Unavailable,
                "The host cannot do it at the moment.",
                vendorMessage: $"QEMU answered {command} with {answer}"
            );

    private unsafe JsonElement Command(string command, object arguments)
    {
        session.Check(
            virDomainQemuMonitorCommand(handle, JsonSerializer.Serialize(new { execute = command, arguments }), out var answer, 0)
        );
        return JsonSerializer.Deserialize<JsonElement>(Take(answer)!);
    }
}

/// <summary>What QEMU opens for a volume, as the machine sees it.</summary>
/// <param name="Parent">
/// What it is built on, by the name that it has in every folder: other volumes are, too, and may have it in use.
/// </param>
internal sealed record OpenedImages(string Own, string? Parent)
{
    public bool IsParent(string file) => Parent is not null && Path.GetFileName(file).Equals(Parent, StringComparison.Ordinal);
}
