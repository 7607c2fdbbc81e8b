using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Portal.Sandbox.Mail;

/// <summary>
/// Reads a connection line by line. Only CR LF ends a line (RFC 5321, 2.3.8): a lone LF is content, so no second message can be smuggled
/// in.
/// </summary>
internal sealed class SmtpLines(Stream stream)
{
    /// <summary>RFC 5321, 4.5.3.1.6, allows 1000 with the line's end; longer ones are read away and reported.</summary>
    public const int Longest = 1000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly PipeReader reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

    /// <summary>The next line without its end; null when the client has gone.</summary>
    public async ValueTask<Line?> ReadAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        var skipped = false;
        while (true)
        {
            var read = await reader.ReadAsync(limit.Token);
            if (Take(read.Buffer, out var line, out var rest))
            {
                var taken = new Line(line.ToArray(), skipped || line.Length + 2 > Longest);
                reader.AdvanceTo(rest);
                return taken;
            }

            // Keep no more than a line's worth of what has no end.
            var tooLong = read.Buffer.Length > Longest;
            skipped |= tooLong;
            reader.AdvanceTo(tooLong ? read.Buffer.GetPosition(read.Buffer.Length - 1) : read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }
        }
    }

    private static bool Take(in ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line, out SequencePosition rest)
    {
        var bytes = new SequenceReader<byte>(buffer);
        var found = bytes.TryReadTo(out line, "\r\n"u8);
        rest = bytes.Position;
        return found;
    }

    internal sealed record Line(byte[] Bytes, bool IsTooLong)
    {
        public string Text => Encoding.UTF8.GetString(Bytes);
    }
}
