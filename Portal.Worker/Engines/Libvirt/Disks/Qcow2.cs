using System.Buffers.Binary;
using System.Text;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// What the header of a qcow2 file says. https://www.qemu.org/docs/master/interop/qcow2.html
/// The file may be a guest's, and a guest that broke out of QEMU writes what it likes into it; so what would lead qemu-img to other files
/// is refused here.
/// </summary>
/// <param name="Size">Of the disk that it holds, in bytes.</param>
/// <param name="Backing">The file that it is a child of, by the name that the engine knows it under.</param>
internal sealed record Qcow2(long Size, string? Backing)
{
    private const int HeaderBytes = 80,
        OldHeaderBytes = 72,
        LongestName = 1023;

    /// <summary>
    /// More than any disk that Portal offers, and little enough to be added up. Of the size that is its guest's to write.
    /// </summary>
    private const long LargestSize = 1L << 46;

    /// <summary>
    /// Not marked dirty or corrupt, another compression, longer entries: all else changes what is opened (its data in a file of another
    /// name), or is not known.
    /// </summary>
    private const ulong Harmless = 0b11011;

    /// <summary>The header is read whole though a machine may be writing to the file: QEMU writes a new size in one piece.</summary>
    public static Qcow2 Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> header = stackalloc byte[HeaderBytes];
        var read = file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
        if (read < OldHeaderBytes || !header[..4].SequenceEqual((ReadOnlySpan<byte>)[(byte)'Q', (byte)'F', (byte)'I', 0xfb]))
        {
            throw Unsound(path, "is not a qcow2 file");
        }

        var (version, features) = (BinaryPrimitives.ReadUInt32BigEndian(header[4..]), BinaryPrimitives.ReadUInt64BigEndian(header[72..]));
        if (version is not (2 or 3) || (version == 3 && (read < HeaderBytes || (features & ~Harmless) != 0)))
        {
            throw Unsound(path, "is a qcow2 file of a kind that Portal does not make");
        }

        var (offset, length) = (BinaryPrimitives.ReadInt64BigEndian(header[8..]), BinaryPrimitives.ReadInt32BigEndian(header[16..]));
        if (offset != 0 && (offset < 0 || length is < 1 or > LongestName || offset > file.Length - length))
        {
            throw Unsound(path, "names a base that cannot be one");
        }

        if (BinaryPrimitives.ReadInt64BigEndian(header[24..]) is not (>= 0 and <= LargestSize and var size))
        {
            throw Unsound(path, "names a size that no disk has");
        }

        return new Qcow2(size, offset == 0 ? null : NameAt(file, offset, length));
    }

    /// <summary>
    /// Null for what <see cref="Read"/> refuses, and for a file that is not there, such as a volume that was deleted since all were listed.
    /// </summary>
    public static Qcow2? TryRead(string path)
    {
        try
        {
            return Read(path);
        }
        catch (Exception error) when (error is EngineException { Fault: EngineFault.Rejected } or FileNotFoundException)
        {
            return null;
        }
    }

    private static EngineException Unsound(string path, string why) => new(EngineFault.Rejected, $"{Path.GetFileName(path)} {why}.");

    private static string NameAt(FileStream file, long offset, int length)
    {
        var name = new byte[length];
        file.Position = offset;
        file.ReadExactly(name);
        return Encoding.UTF8.GetString(name);
    }
}
