using System.Globalization;
using System.Xml.Linq;
using static Portal.Worker.Engines.Libvirt.LibvirtLibrary;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>virDomainState. https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainState</summary>
internal enum DomainState
{
    None = 0,
    Running = 1,
    Blocked = 2,
    Paused = 3,
    Shutdown = 4,
    Off = 5,
    Crashed = 6,
    Suspended = 7,
}

internal static class DomainStates
{
    public static bool IsOn(this DomainState state) => state is not (DomainState.None or DomainState.Off or DomainState.Crashed);
}

/// <summary>One machine of libvirt's.</summary>
internal sealed partial class Domain(LibvirtSession session, DomainHandle handle) : IDisposable
{
    /// <summary>VIR_DOMAIN_PAUSED_IOERROR: QEMU stopped the guest since the host could not write.</summary>
    private const int PausedByWriteError = 5;

    /// <summary>VIR_DOMAIN_SHUTOFF_SHUTDOWN: the guest shut down. After a reboot of the host libvirt says that it does not know.</summary>
    private const int OffByGuest = 1;

    public (DomainState State, bool WriteFailed, bool StoppedByGuest) State()
    {
        session.Check(virDomainGetState(handle, out var number, out var reason, 0));
        return Told(number, reason);
    }

    /// <summary>What libvirt's two numbers say.</summary>
    public static (DomainState State, bool WriteFailed, bool StoppedByGuest) Told(int number, int reason)
    {
        var state = (DomainState)number;
        return (state, state is DomainState.Paused && reason == PausedByWriteError, state is DomainState.Off && reason == OffByGuest);
    }

    /// <summary>The mark with which the running machine was started, or else that of its definition.</summary>
    public unsafe MachineMark Mark(bool live)
    {
        // A machine that was running when it was asked for may have gone off since; then its definition tells.
        var text = live ? Take(virDomainGetMetadata(handle, MetadataElement, MachineMark.Namespace, Live)) : null;
        text ??= Take(virDomainGetMetadata(handle, MetadataElement, MachineMark.Namespace, Config));
        if (text is null)
        {
            session.Check(-1);
        }

        return MachineMark.Parse(text!);
    }

    /// <summary>The running machine's interface with this MAC, as libvirt describes it; null if it has none.</summary>
    public XElement? Interface(string mac) =>
        Devices(live: true)
            .Elements("interface")
            .FirstOrDefault(networkInterface => (string?)networkInterface.Element("mac")?.Attribute("address") == mac);

    /// <summary>The guest holds the port open whose other end is this socket.</summary>
    public bool HasOpened(string socket) =>
        Devices(live: true)
            .Elements("channel")
            .Where(channel => (string?)channel.Element("source")?.Attribute("path") == socket)
            .Any(channel => (string?)channel.Element("target")?.Attribute("state") == "connected");

    /// <summary>Portal's volumes in the running machine, or else in its definition: the disks by their volumes' ids.</summary>
    public IReadOnlyDictionary<string, XElement> Volumes(bool live) =>
        Devices(live)
            .Elements("disk")
            .Select(disk => (Id: EngineFolder.VolumeOf((string?)disk.Element("source")?.Attribute("file")), Disk: disk))
            .Where(found => found.Id is not null)
            .ToDictionary(found => found.Id!, found => found.Disk, StringComparer.Ordinal);

    /// <summary>Gives a device to the running machine, to its definition (<see cref="Config"/>), or to both.</summary>
    public void Attach(XElement device, uint where = Live) => session.Check(virDomainAttachDeviceFlags(handle, device.ToString(), where));

    /// <summary>
    /// Asks the running guest to let go of a device, or takes it out of the definition. That it was asked already is no failure.
    /// </summary>
    public void Detach(XElement device, uint where = Live) =>
        session.CheckAsked(virDomainDetachDeviceFlags(handle, device.ToString(), where));

    /// <summary>Tells the running machine and its guest that a disk is larger now.</summary>
    public void Resize(XElement disk, long bytes) =>
        session.Check(virDomainBlockResize(handle, (string)disk.Element("target")!.Attribute("dev")!, (ulong)bytes, SizeInBytes));

    private XElement Devices(bool live) => Description(live).Element("devices")!;

    private unsafe XElement Description(bool live)
    {
        var text = Take(virDomainGetXMLDesc(handle, live ? 0 : InactiveXml));
        if (text is null)
        {
            session.Check(-1);
        }

        return XElement.Parse(text!);
    }

    /// <summary>The user as which the running machine's QEMU runs; null if libvirt does not say.</summary>
    public int? RunsAs() =>
        Description(live: true)
            .Elements("seclabel")
            .Where(label => (string?)label.Attribute("model") == "dac")
            .Select(label => ((string?)label.Element("label"))?.Split(':')[0].TrimStart('+'))
            .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var uid) ? uid : (int?)null)
            .FirstOrDefault();

    public bool HasMemoryLimit() => Description(live: true).Element("memtune")?.Element("hard_limit") is not null;

    /// <summary>
    /// Set while it runs: in the definition it would be taken for a wish to keep so much from being swapped out, which needs a right that
    /// the engine may not have.
    /// </summary>
    public unsafe void LimitMemory(long kibibytes)
    {
        const int unsignedLong = 4;
        var parameter = new TypedParameter { Type = unsignedLong, Value = kibibytes };
        "hard_limit\0"u8.CopyTo(new Span<byte>(parameter.Field, FieldLength));
        session.CheckStopped(virDomainSetMemoryParameters(handle, &parameter, 1, Live));
    }

    /// <summary>One end of a connection to the machine's display, whose other end QEMU holds.</summary>
    public int OpenDisplay()
    {
        const uint withoutPassword = 1;
        return session.Check(virDomainOpenGraphicsFD(handle, 0, withoutPassword));
    }

    public void Start() => session.Check(virDomainCreate(handle));

    public void Resume() => session.Check(virDomainResume(handle));

    /// <summary>
    /// Presses the power button, which the guest may ignore. VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN: without waiting for a guest agent.
    /// </summary>
    public void PressPowerButton() => session.CheckStopped(virDomainShutdownFlags(handle, 1));

    public void CutPower() => session.CheckStopped(virDomainDestroy(handle));

    public void Undefine() => session.Check(virDomainUndefineFlags(handle, UndefineAll));

    public void Dispose() => handle.Dispose();
}
