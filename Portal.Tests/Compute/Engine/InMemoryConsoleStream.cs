using System.Text;
using System.Threading.Channels;

namespace Portal.Tests.Compute;

/// <summary>A guest's console: greets, then echoes what is typed.</summary>
public sealed class InMemoryConsoleStream : Stream
{
    private readonly Channel<byte[]> output = Channel.CreateUnbounded<byte[]>();
    private ReadOnlyMemory<byte> left;

    public InMemoryConsoleStream(string greeting) => output.Writer.TryWrite(Encoding.UTF8.GetBytes(greeting));

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (left.IsEmpty)
        {
            if (!await output.Reader.WaitToReadAsync(cancellationToken) || !output.Reader.TryRead(out var next))
            {
                return 0;
            }

            left = next;
        }

        var count = Math.Min(left.Length, buffer.Length);
        left[..count].CopyTo(buffer);
        left = left[count..];
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        output.Writer.WriteAsync(buffer.ToArray(), cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => output.Writer.TryWrite(buffer[offset..(offset + count)]);

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        output.Writer.TryComplete();
        base.Dispose(disposing);
    }
}
