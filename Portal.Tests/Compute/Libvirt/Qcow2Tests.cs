using System.Buffers.Binary;
using System.Text;
using Portal.Model.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>A volume's header is its guest's to write, once the guest is out of QEMU; qemu-img opens nothing by it.</summary>
public sealed class Qcow2Tests : IDisposable
{
    private readonly string file = Path.GetTempFileName();

    public void Dispose() => File.Delete(file);

    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(0b11011, 0, null)]
    [InlineData(0, 27, "/var/lib/libvirt/bases/a.qc")]
    public void What_Portal_makes_is_read(ulong features, int length, string? backing)
    {
        Write(features, length);
        Assert.Equal(new Qcow2(1 << 30, backing), Qcow2.Read(file));
    }

    [Theory]
    [InlineData(0b100, 0)]
    [InlineData(0b100000, 0)]
    [InlineData(1UL << 63, 0)]
    [InlineData(0, 1024)]
    [InlineData(0, -1)]
    [InlineData(0, int.MaxValue)]
    [InlineData(0, 1000)]
    public void What_would_lead_elsewhere_or_nowhere_is_refused(ulong features, int length)
    {
        Write(features, length);
        Assert.Equal(EngineFault.Rejected, Assert.Throws<EngineException>(() => Qcow2.Read(file)).Fault);
        Assert.Null(Qcow2.TryRead(file));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1L << 60)]
    [InlineData(long.MaxValue)]
    public void What_says_that_it_is_larger_than_any_disk_is_refused(long size)
    {
        Write(0, 0, size);
        Assert.Null(Qcow2.TryRead(file));
    }

    [Theory]
    [InlineData("")]
    [InlineData("QFI")]
    [InlineData("raw disk of somebody, longer than any header of such a file has to be, and then some more of it to read")]
    public void What_is_none_is_refused(string content)
    {
        File.WriteAllText(file, content);
        Assert.Equal(EngineFault.Rejected, Assert.Throws<EngineException>(() => Qcow2.Read(file)).Fault);
    }

    [Fact]
    public void Of_one_that_went_meanwhile_nothing_is_read()
    {
        File.Delete(file);
        Assert.Null(Qcow2.TryRead(file));
    }

    private void Write(ulong features, int length, long size = 1 << 30)
    {
        var bytes = new byte[512];
        ((ReadOnlySpan<byte>)[(byte)'Q', (byte)'F', (byte)'I', 0xfb]).CopyTo(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), 3);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), length == 0 ? 0 : 112);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), length);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(24), size);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(72), features);
        Encoding.ASCII.GetBytes("/var/lib/libvirt/bases/a.qcow2").CopyTo(bytes, 112);
        File.WriteAllBytes(file, bytes);
    }
}
