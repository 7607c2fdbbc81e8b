using System.Buffers.Binary;
using System.Text;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>What the header of a qcow2 file says. https://www.qemu.org/docs/master/interop/qcow2.html</summary>
/// <param name="Size">Of the disk that it holds, in bytes.</param>
/// <param name="Backing">The file that it is a child of, by the name that the engine knows it under.</param>
internal sealed record Qcow2(long Size, string? Backing)
{
    private const int HeaderBytes = 32;

    /// <summary>The header is read whole though a machine may be writing to the file: QEMU writes a new size in one piece.</summary>
    public static Qcow2 Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> header = stackalloc byte[HeaderBytes];
        file.ReadExactly(header);
        if (!header[..4].SequenceEqual((ReadOnlySpan<byte>)[(byte)'Q', (byte)'F', (byte)'I', 0xfb]))
        {
            throw new EngineException(EngineFault.Rejected, $"{Path.GetFileName(path)} is not a qcow2 file.");
        }

        var (offset, length) = (BinaryPrimitives.ReadInt64BigEndian(header[8..]), BinaryPrimitives.ReadInt32BigEndian(header[16..]));
        return new Qcow2(BinaryPrimitives.ReadInt64BigEndian(header[24..]), offset == 0 ? null : NameAt(file, offset, length));
    }

    private static string NameAt(FileStream file, long offset, int length)
    {
        var name = new byte[length];
        file.Position = offset;
        file.ReadExactly(name);
        return Encoding.UTF8.GetString(name);
    }
}
