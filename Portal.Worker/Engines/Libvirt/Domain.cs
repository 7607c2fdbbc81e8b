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
internal sealed class Domain(LibvirtSession session, DomainHandle handle) : IDisposable
{
    /// <summary>VIR_DOMAIN_PAUSED_IOERROR: QEMU stopped the guest since the host could not write.</summary>
    private const int PausedByWriteError = 5;

    /// <summary>VIR_DOMAIN_SHUTOFF_SHUTDOWN: the guest shut down. After a reboot of the host libvirt says that it does not know.</summary>
    private const int OffByGuest = 1;

    public (DomainState State, bool WriteFailed, bool StoppedByGuest) State()
    {
        session.Check(virDomainGetState(handle, out var number, out var reason, 0));
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

    /// <summary>The running machine's card with this MAC, as libvirt describes it; null if it has none.</summary>
    public unsafe XElement? Card(string mac)
    {
        var text = Take(virDomainGetXMLDesc(handle, 0));
        if (text is null)
        {
            session.Check(-1);
        }

        return XElement.Parse(text!).Element("devices")!.Elements("interface").FirstOrDefault(card => (string?)card.Element("mac")?.Attribute("address") == mac);
    }

    /// <summary>Plugs a device into the running machine; its definition is written anew at the next start.</summary>
    public void Attach(string deviceXml) => session.Check(virDomainAttachDeviceFlags(handle, deviceXml, Live));

    /// <summary>Asks the running guest to let go of a device. That it was asked already is no failure.</summary>
    public void Detach(XElement device) => session.CheckAsked(virDomainDetachDeviceFlags(handle, device.ToString(), Live));

    public void Start() => session.Check(virDomainCreate(handle));

    public void Resume() => session.Check(virDomainResume(handle));

    /// <summary>Presses the power button, which the guest may ignore. VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN: without waiting for a guest agent.</summary>
    public void PressPowerButton() => session.CheckStopped(virDomainShutdownFlags(handle, 1));

    public void CutPower() => session.CheckStopped(virDomainDestroy(handle));

    public void Undefine() => session.Check(virDomainUndefineFlags(handle, UndefineAll));

    public void Dispose() => handle.Dispose();
}
