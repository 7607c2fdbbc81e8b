using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The few functions of libvirt's C interface that the driver needs. https://libvirt.org/html/libvirt-libvirt-domain.html
/// </summary>
internal static unsafe partial class LibvirtLibrary
{
    private const string Library = "libvirt.so.0";

    /// <summary>Beside it in the same package: what speaks of QEMU and is not promised to stay as it is.</summary>
    private const string QemuLibrary = "libvirt-qemu.so.0";

    /// <summary>virDomainUndefineFlags: managed save, snapshot metadata, NVRAM, checkpoint metadata.</summary>
    public const uint UndefineAll = 1 | 2 | 4 | 16;

    /// <summary>VIR_DOMAIN_METADATA_ELEMENT.</summary>
    public const int MetadataElement = 2;

    /// <summary>virDomainModificationImpact: the running machine, or its definition.</summary>
    public const uint Live = 1;

    public const uint Config = 2;

    /// <summary>VIR_DOMAIN_XML_INACTIVE: the definition, also of a running machine.</summary>
    public const uint InactiveXml = 2;

    /// <summary>VIR_DOMAIN_BLOCK_RESIZE_BYTES.</summary>
    public const uint SizeInBytes = 1;

    /// <summary>VIR_TYPED_PARAM_FIELD_LENGTH.</summary>
    public const int FieldLength = 80;

    static LibvirtLibrary() => virSetErrorFunc(null, &Silence);

    [StructLayout(LayoutKind.Sequential)]
    public struct Error
    {
        public int Code;
        public int Domain;
        public byte* Message;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct DomainInfo
    {
        public byte State;
        public CULong MaxMemoryKiB;
        public CULong MemoryKiB;
        public ushort Vcpus;
        public ulong CpuTime;
    }

    /// <summary>virTypedParameter: a name of 80 bytes at most, a type, and eight bytes that hold a value of it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TypedParameter
    {
        public fixed byte Field[FieldLength];
        public int Type;
        public long Value;
    }

    /// <summary>virDomainBlockJobInfo.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct BlockJobInfo
    {
        public int Type;
        public CULong Bandwidth;
        public ulong Done;
        public ulong End;
    }

    /// <summary>virDomainStatsRecord.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct StatisticsRecord
    {
        public nint Domain;
        public TypedParameter* Parameters;
        public int Count;
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial ConnectionHandle virConnectOpen(string uri);

    [LibraryImport(Library)]
    public static partial int virConnectClose(nint connection);

    [LibraryImport(Library)]
    public static partial int virConnectIsAlive(ConnectionHandle connection);

    [LibraryImport(Library)]
    public static partial int virConnectListAllDomains(ConnectionHandle connection, out nint* domains, uint flags);

    [LibraryImport(Library)]
    public static partial int virConnectGetAllDomainStats(
        ConnectionHandle connection,
        uint stats,
        out StatisticsRecord** records,
        uint flags
    );

    [LibraryImport(Library)]
    public static partial void virDomainStatsRecordListFree(StatisticsRecord** records);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial DomainHandle virDomainLookupByName(ConnectionHandle connection, string name);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial DomainHandle virDomainDefineXMLFlags(ConnectionHandle connection, string xml, uint flags);

    [LibraryImport(Library)]
    public static partial int virDomainFree(nint domain);

    [LibraryImport(Library)]
    public static partial int virDomainGetState(DomainHandle domain, out int state, out int reason, uint flags);

    [LibraryImport(Library)]
    public static partial int virDomainGetInfo(nint domain, out DomainInfo info);

    [LibraryImport(Library)]
    public static partial byte* virDomainGetName(nint domain);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial byte* virDomainGetMetadata(DomainHandle domain, int type, string uri, uint flags);

    /// <summary>As it runs now, or its definition when it is off; with <see cref="InactiveXml"/> its definition always.</summary>
    [LibraryImport(Library)]
    public static partial byte* virDomainGetXMLDesc(DomainHandle domain, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int virDomainAttachDeviceFlags(DomainHandle domain, string xml, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int virDomainDetachDeviceFlags(DomainHandle domain, string xml, uint flags);

    [LibraryImport(Library)]
    public static partial int virDomainCreate(DomainHandle domain);

    [LibraryImport(Library)]
    public static partial int virDomainResume(DomainHandle domain);

    [LibraryImport(Library)]
    public static partial int virDomainDestroy(DomainHandle domain);

    [LibraryImport(Library)]
    public static partial int virDomainShutdownFlags(DomainHandle domain, uint flags);

    [LibraryImport(Library)]
    public static partial int virDomainUndefineFlags(DomainHandle domain, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int virDomainBlockResize(DomainHandle domain, string disk, ulong size, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int virDomainBackupBegin(DomainHandle domain, string backup, string? checkpoint, uint flags);

    [LibraryImport(Library)]
    public static partial byte* virDomainBackupGetXMLDesc(DomainHandle domain, uint flags);

    /// <returns>1 if the disk has a job, 0 if it has none, -1 on an error.</returns>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int virDomainGetBlockJobInfo(DomainHandle domain, string disk, out BlockJobInfo info, uint flags);

    [LibraryImport(Library)]
    public static partial int virDomainGetJobStats(
        DomainHandle domain,
        out int type,
        out TypedParameter* parameters,
        out int count,
        uint flags
    );

    [LibraryImport(Library)]
    public static partial void virTypedParamsFree(TypedParameter* parameters, int count);

    [LibraryImport(Library)]
    public static partial int virDomainAbortJob(DomainHandle domain);

    [LibraryImport(Library)]
    public static partial int virDomainSetMemoryParameters(DomainHandle domain, TypedParameter* parameters, int count, uint flags);

    /// <returns>A file descriptor, or -1.</returns>
    [LibraryImport(Library)]
    public static partial int virDomainOpenGraphicsFD(DomainHandle domain, uint index, uint flags);

    /// <summary>
    /// QEMU's answer as it is, an error of QEMU's included. https://libvirt.org/html/libvirt-libvirt-qemu.html#virDomainQemuMonitorCommand
    /// </summary>
    [LibraryImport(QemuLibrary, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int virDomainQemuMonitorCommand(DomainHandle domain, string command, out byte* answer, uint flags);

    /// <summary>The last error of this thread.</summary>
    [LibraryImport(Library)]
    public static partial Error* virGetLastError();

    [LibraryImport(Library)]
    private static partial void virSetErrorFunc(void* data, delegate* unmanaged<void*, Error*, void> handler);

    [LibraryImport("libc", EntryPoint = "free")]
    public static partial void Free(void* memory);

    public static string? Take(byte* text)
    {
        if (text is null)
        {
            return null;
        }

        var copy = Utf8StringMarshaller.ConvertToManaged(text);
        Free(text);
        return copy;
    }

    /// <summary>By default libvirt prints every error on the standard error stream.</summary>
    [UnmanagedCallersOnly]
    private static void Silence(void* data, Error* error) { }
}

internal sealed class ConnectionHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => LibvirtLibrary.virConnectClose(handle) >= 0;
}

internal sealed class DomainHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => LibvirtLibrary.virDomainFree(handle) >= 0;
}
