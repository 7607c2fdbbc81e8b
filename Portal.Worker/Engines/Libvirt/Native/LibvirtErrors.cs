using System.Runtime.InteropServices.Marshalling;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The one place where libvirt's errors become one of three. Codes: https://libvirt.org/html/libvirt-virterror.html#virErrorNumber
/// </summary>
internal static class LibvirtErrors
{
    public const int NoDomain = 42;

    /// <summary>VIR_ERR_OPERATION_INVALID: e.g. the machine is not running, or runs already.</summary>
    public const int NotInThisState = 55;

    /// <summary>VIR_ERR_DEVICE_MISSING.</summary>
    private const int DeviceMissing = 99;

    /// <summary>
    /// No memory, no connection, a call failed on the way, a race with another change of the same machine, a lock not got in time,
    /// a system error of libvirtd's, aborted, busy. All else is libvirt's final word on what was asked.
    /// </summary>
    private static readonly int[] Passing = [2, 5, 6, 38, 39, NotInThisState, 68, 78, 86, 87];

    public static unsafe EngineException Last(bool connectionLost)
    {
        var error = LibvirtLibrary.virGetLastError();
        var (code, message) = error is null ? (0, null) : (error->Code, Utf8StringMarshaller.ConvertToManaged(error->Message));
        var fault =
            code == NoDomain ? EngineFault.Missing
            : connectionLost || Passing.Contains(code) || IsTaken(message) ? EngineFault.Unavailable
            : EngineFault.Rejected;
        var sentence = fault switch
        {
            EngineFault.Missing => "The machine is not there.",
            EngineFault.Unavailable => "The host cannot do it at the moment.",
            _ => "The host refuses to do it.",
        };
        return new EngineException(fault, sentence, vendorMessage: $"libvirt: {message ?? "unknown error"}");
    }

    /// <summary>
    /// The device is out already, or the guest was asked before and has not let go of it yet; for the latter there is no code, only QEMU's
    /// words.
    /// </summary>
    public static unsafe bool LastIsUnplugging()
    {
        var error = LibvirtLibrary.virGetLastError();
        return error is not null
            && (
                error->Code == DeviceMissing
                || Utf8StringMarshaller.ConvertToManaged(error->Message)?.Contains("in the process of unplug", StringComparison.Ordinal)
                    is true
            );
    }

    /// <summary>
    /// QEMU locks the disks that it works with: another program is still at this one, e.g. growing or copying it. Or the name that libvirt
    /// gave to what it opens is that of something which a libvirtd had opened that died; the next attempt has another name.
    /// </summary>
    private static bool IsTaken(string? message) =>
        message is not null
        && (
            (message.Contains("Failed to get ", StringComparison.Ordinal) && message.Contains(" lock", StringComparison.Ordinal))
            || message.Contains("Duplicate nodes with node-name", StringComparison.Ordinal)
        );

    public static unsafe bool LastIs(int code)
    {
        var error = LibvirtLibrary.virGetLastError();
        return error is not null && error->Code == code;
    }
}
