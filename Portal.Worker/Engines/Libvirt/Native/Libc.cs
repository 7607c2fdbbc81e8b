using System.Runtime.InteropServices;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>What .NET does not offer of the C library's.</summary>
internal static partial class Libc
{
    /// <summary>AT_FDCWD; STATX_INO, STATX_UID, STATX_BLOCKS and their unit. https://man7.org/linux/man-pages/man2/statx.2.html</summary>
    private const int CurrentFolder = -100;

    private const uint WantInode = 0x100;

    private const uint WantBlocks = 0x400;

    private const uint WantOwner = 0x8;

    private const long Block = 512;

    /// <summary>For an owner or a group that stays.</summary>
    public const int Unchanged = -1;

    public const int Hangup = 1;

    public const int Terminate = 15;

    public static (ulong Device, ulong Inode)? Stat(string path) =>
        statx(CurrentFolder, path, 0, WantInode, out var stat) == 0
            ? (((ulong)stat.DeviceMajor << 32) | stat.DeviceMinor, stat.Inode)
            : null;

    /// <summary>
    /// What a file takes of its file system, which is less than its length where it has holes. Nothing if it is not there.
    /// </summary>
    public static long BytesTaken(string path) =>
        statx(CurrentFolder, path, 0, WantBlocks, out var stat) == 0 ? (long)stat.Blocks * Block : 0;

    /// <summary>Null if it is not there.</summary>
    public static int? OwnerOf(string path) => statx(CurrentFolder, path, 0, WantOwner, out var stat) == 0 ? (int)stat.Owner : null;

    public static void GiveTo(string path, int uid, int gid) => Check(chown(path, uid, gid), path);

    /// <summary>A second name for the same file; one that is there already stays as it is.</summary>
    public static void HardLink(string from, string to)
    {
        const int alreadyThere = 17;
        if (link(from, to) != 0 && Marshal.GetLastPInvokeError() != alreadyThere)
        {
            Check(-1, to);
        }
    }

    public static bool Signal(int pid, int signal) => kill(pid, signal) == 0;

    private static void Check(int result, string path)
    {
        if (result != 0)
        {
            throw new EngineException(EngineFault.Unavailable, $"{Path.GetFileName(path)}: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(20)]
        public uint Owner;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(48)]
        public ulong Blocks;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int statx(int folder, string path, int flags, uint mask, out Statx stat);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int chown(string path, int uid, int gid);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int link(string from, string to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
