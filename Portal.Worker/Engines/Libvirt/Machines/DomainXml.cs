using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Volumes;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>A machine in libvirt's words. https://libvirt.org/formatdomain.html</summary>
internal static class DomainXml
{
    /// <summary>
    /// What comes and goes while a q35 machine runs sits behind root ports, which cannot be added later: one for each interface that it may
    /// have. A port costs an emulated guest 20 ms at each boot, so what stays for good sits on the root bus itself, in <see cref="Slot"/>s.
    /// </summary>
    private const int RootPorts = Model.Networking.Interfaces.MaxPerInstance;

    /// <summary>https://libvirt.org/drvqemu.html#pass-through-of-arbitrary-qemu-commands</summary>
    private static readonly XNamespace Qemu = "http://libvirt.org/schemas/domain/qemu/1.0";

    /// <summary>
    /// What a machine gets of the host's processors when all are wanted, against what the others get. In both versions of control groups it
    /// is a number that is allowed. https://libvirt.org/formatdomain.html#cpu-tuning
    /// </summary>
    private const int SharesPerVcpu = 100;

    /// <summary>
    /// Places on the root bus, above those that libvirt takes by itself: the display's, then the root ports', eight to a slot.
    /// </summary>
    private enum Slot
    {
        Scsi = 0x10,
        Serial,
        RootDisk,
        Seed,
        Random,
        Balloon,
    }

    /// <param name="baseOf">The version of an image that a volume is a child of; null for none.</param>
    /// <param name="rescue">The version of the rescue system that it starts into; null for its own system.</param>
    /// <param name="uid">The user as which it runs, which no other guest does.</param>
    public static string Of(
        InstanceSpec spec,
        MachineMark mark,
        Func<string, string?> baseOf,
        string? rescue,
        int uid,
        EngineSettings settings
    ) =>
        new XElement(
            "domain",
            new XAttribute("type", settings.HasKvm ? "kvm" : "qemu"),
            new XElement("name", spec.Id),
            new XElement("uuid", Uuid(spec.Id)),
            new XElement("metadata", mark.ToXml()),
            new XElement("memory", new XAttribute("unit", "MiB"), Text(spec.MemoryMiB)),
            new XElement("vcpu", Text(spec.Vcpus)),
            new XElement(
                "os",
                new XElement("type", new XAttribute("arch", "x86_64"), new XAttribute("machine", "q35"), "hvm"),
                Start(spec, rescue)
            ),
            new XElement("features", new XElement("acpi"), new XElement("apic")),
            Cpu(settings.HasKvm),
            settings.HasWall(GuestWalls.Processor)
                ? new XElement("cputune", new XElement("shares", Text(SharesPerVcpu * (long)spec.Vcpus)))
                : null,
            new XElement("clock", new XAttribute("offset", "utc")),
            new XElement("on_poweroff", "destroy"),
            new XElement("on_reboot", "restart"),
            new XElement("on_crash", "restart"),
            new XElement(
                "devices",
                Controllers(),
                // It starts from the first disk, whatever the others are called.
                spec.Volumes.OrderByDescending(volume => volume.IsRoot).Select(volume => Disk(spec.Id, volume, baseOf(volume.Volume.Id))),
                Seed(spec),
                spec.Interfaces.Select(networkInterface => Interface(spec.NetworkId, networkInterface)),
                Consoles(spec),
                new XElement(
                    "rng",
                    new XAttribute("model", "virtio"),
                    new XElement("backend", new XAttribute("model", "random"), "/dev/urandom"),
                    At(Slot.Random)
                ),
                new XElement(
                    "memballoon",
                    new XAttribute("model", "virtio"),
                    new XAttribute("freePageReporting", "on"),
                    new XElement("stats", new XAttribute("period", "10")),
                    At(Slot.Balloon)
                )
            ),
            new XElement(
                "seclabel",
                new XAttribute("type", "static"),
                new XAttribute("model", "dac"),
                new XAttribute("relabel", "no"),
                new XElement("label", $"+{Text(uid)}:+{Text(uid)}")
            ),
            AgentName()
        ).ToString();

    /// <summary>
    /// The agent's port, the only one, has its name by QEMU's default for such ports: libvirt would connect to one that it knew as the
    /// agent's and read whatever the guest writes there, which ended it. docs/decisions/guest-agent.md
    /// </summary>
    private static XElement AgentName() =>
        new(
            Qemu + "commandline",
            new XAttribute(XNamespace.Xmlns + "qemu", Qemu.NamespaceName),
            new XElement(Qemu + "arg", new XAttribute("value", "-global")),
            new XElement(Qemu + "arg", new XAttribute("value", $"virtserialport.name={GuestAgent.NameInside}"))
        );

    /// <summary>What it starts from: its root disk, or the rescue system.</summary>
    private static IEnumerable<XElement> Start(InstanceSpec spec, string? rescue) =>
        rescue is not null
            ?
            [
                new("kernel", EngineFolder.InsideGuest(spec.Id, $"{rescue}/{RescueSystem.Kernel}")),
                new("initrd", EngineFolder.InsideGuest(spec.Id, $"{rescue}/{RescueSystem.Memory}")),
                new("cmdline", RescueSystem.CommandLine),
            ]
            : [new("boot", new XAttribute("dev", "hd"))];

    /// <summary>Under emulation a plain model: with the richest one guests were seen to crash.</summary>
    private static XElement Cpu(bool kvm) =>
        kvm
            ? new XElement("cpu", new XAttribute("mode", "host-passthrough"), new XAttribute("check", "none"))
            : new XElement(
                "cpu",
                new XAttribute("mode", "custom"),
                new XAttribute("match", "exact"),
                new XAttribute("check", "none"),
                new XElement("model", new XAttribute("fallback", "forbid"), "qemu64")
            );

    private static IEnumerable<XElement> Controllers() =>
        [
            new XElement("controller", new XAttribute("type", "pci"), new XAttribute("model", "pcie-root")),
            .. Enumerable
                .Repeat(0, RootPorts)
                .Select(_ => new XElement("controller", new XAttribute("type", "pci"), new XAttribute("model", "pcie-root-port"))),
            new XElement("controller", new XAttribute("type", "scsi"), new XAttribute("model", "virtio-scsi"), At(Slot.Scsi)),
            new XElement("controller", new XAttribute("type", "virtio-serial"), At(Slot.Serial)),
            new XElement("controller", new XAttribute("type", "usb"), new XAttribute("model", "none")),
        ];

    /// <summary>
    /// A volume. The root disk sits on virtio-blk, which boots everywhere; the others on virtio-scsi, where disks come and go while the
    /// guest runs. The guest is told the id as the serial number, since its own names for disks follow from the order in which it finds
    /// them.
    /// </summary>
    public static XElement Disk(string instanceId, VolumeAttachment attachment, string? baseFile) =>
        new(
            "disk",
            new XAttribute("type", "file"),
            new XAttribute("device", "disk"),
            new XElement(
                "driver",
                new XAttribute("name", "qemu"),
                new XAttribute("type", "qcow2"),
                new XAttribute("cache", "writeback"),
                new XAttribute("discard", "unmap")
            ),
            new XElement("source", new XAttribute("file", EngineFolder.InsideVolume(attachment.Volume.Id))),
            Backing(instanceId, baseFile),
            new XElement("target", new XAttribute("dev", attachment.Device), new XAttribute("bus", attachment.IsRoot ? "virtio" : "scsi")),
            new XElement(
                "iotune",
                new XElement("total_bytes_sec", Text((long)attachment.Volume.MiBPerSecond << 20)),
                new XElement("total_iops_sec", Text(attachment.Volume.Iops))
            ),
            new XElement("serial", Volume.Serial(attachment.Volume.Id)),
            attachment.IsRoot ? At(Slot.RootDisk) : OnScsi(attachment.Device)
        );

    /// <summary>
    /// All on the one controller: left to itself libvirt adds another for the last, which would take an interface's port. The other units
    /// are those that it chooses; it leaves out the seventh, which of old is the controller's own.
    /// </summary>
    private static XElement OnScsi(string device)
    {
        var place = device[^1] - 'a';
        return new(
            "address",
            new XAttribute("type", "drive"),
            new XAttribute("controller", "0"),
            new XAttribute("unit", Text(place < 7 ? place : place + 1))
        );
    }

    /// <summary>Said in full, so that libvirt does not look for it itself.</summary>
    private static XElement Backing(string instanceId, string? baseFile) =>
        baseFile is null
            ? new XElement("backingStore")
            : new XElement(
                "backingStore",
                new XAttribute("type", "file"),
                new XElement("format", new XAttribute("type", "qcow2")),
                new XElement("source", new XAttribute("file", EngineFolder.InsideGuest(instanceId, baseFile))),
                new XElement("backingStore")
            );

    private static XElement Seed(InstanceSpec spec) =>
        new(
            "disk",
            new XAttribute("type", "file"),
            new XAttribute("device", "disk"),
            new XElement("driver", new XAttribute("name", "qemu"), new XAttribute("type", "raw")),
            new XElement(
                "source",
                new XAttribute("file", EngineFolder.InsideGuest(spec.Id, spec.Rescue ? RescueSystem.Seed(spec.RebootsWanted) : "seed.iso"))
            ),
            new XElement("target", new XAttribute("dev", "vdb"), new XAttribute("bus", "virtio")),
            new XElement("readonly"),
            At(Slot.Seed)
        );

    /// <summary>
    /// The port is isolated: guests of one bridge reach each other only through their router, where the security rules are.
    /// </summary>
    public static XElement Interface(string networkId, InterfaceSpec networkInterface) =>
        new(
            "interface",
            new XAttribute("type", "bridge"),
            new XElement("mac", new XAttribute("address", networkInterface.Mac)),
            new XElement("source", new XAttribute("bridge", EngineFolder.Device('b', networkId))),
            new XElement("target", new XAttribute("dev", EngineFolder.Device('t', networkInterface.Id))),
            new XElement("model", new XAttribute("type", "virtio")),
            new XElement("port", new XAttribute("isolated", "yes")),
            new XElement("rom", new XAttribute("enabled", "no"))
        );

    private static IEnumerable<XElement> Consoles(InstanceSpec spec) =>
        [
            new(
                "serial",
                new XAttribute("type", "unix"),
                Listening(spec.Id, "serial"),
                new XElement(
                    "log",
                    new XAttribute("file", EngineFolder.InsideGuest(spec.Id, spec.Rescue ? RescueSystem.Log : "serial.log")),
                    new XAttribute("append", spec.Rescue ? "off" : "on")
                ),
                new XElement("target", new XAttribute("type", "isa-serial"), new XAttribute("port", "0"))
            ),
            new(
                "channel",
                new XAttribute("type", "unix"),
                Listening(spec.Id, GuestAgent.Port),
                new XElement("target", new XAttribute("type", "virtio"))
            ),
            // It listens nowhere: who looks at it is handed a connection by libvirt.
            new("graphics", new XAttribute("type", "vnc"), new XElement("listen", new XAttribute("type", "none"))),
            new("video", new XElement("model", new XAttribute("type", "vga"))),
        ];

    /// <summary>libvirt makes the socket in a folder of root's and hands it to QEMU.</summary>
    private static XElement Listening(string instanceId, string kind) =>
        new("source", new XAttribute("mode", "bind"), new XAttribute("path", EngineFolder.InsideSocket(instanceId, kind)));

    private static XElement At(Slot slot) =>
        new("address", new XAttribute("type", "pci"), new XAttribute("bus", "0"), new XAttribute("slot", Text((int)slot)));

    /// <summary>Follows from the id, so that defining again changes the same machine.</summary>
    private static string Uuid(string id) => new Guid(SHA256.HashData(Encoding.ASCII.GetBytes(id)).AsSpan(0, 16)).ToString();

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
