using System.Text;
using System.Text.RegularExpressions;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>What a guest printed on its serial console: the current file and, before it, the one that virtlogd put aside.</summary>
internal static partial class SerialLog
{
    /// <summary>cloud-init prints the keys at the first boot and the log is bounded: this much is searched.</summary>
    private const int SearchedBytes = 256 * 1024;

    /// <summary>Whichever was written last: a machine prints to one of the two.</summary>
    public static string Newer(string file, string other) =>
        File.GetLastWriteTimeUtc(other) > File.GetLastWriteTimeUtc(file) ? other : file;

    public static string Tail(string file, int maxBytes)
    {
        var recent = Read(file, maxBytes);
        var older = recent.Length < maxBytes ? Read(file + ".0", maxBytes - recent.Length) : [];
        return Encoding.UTF8.GetString([.. older, .. recent]);
    }

    /// <summary>The ed25519 key of the last block that cloud-init (or the tiny image, in the same form) printed.</summary>
    public static string? HostKey(string file)
    {
        var text = Tail(file, SearchedBytes);
        var block = text.LastIndexOf("-----BEGIN SSH HOST KEY KEYS-----", StringComparison.Ordinal);
        return block < 0 || KeyForm().Match(text, block) is not { Success: true } match ? null : match.Value;
    }

    private static byte[] Read(string file, int maxBytes)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[Math.Min(stream.Length, maxBytes)];
            stream.Position = Math.Max(0, stream.Length - maxBytes);
            return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Whole only with what follows it: the line may still be on its way.</summary>
    [GeneratedRegex(@"ssh-ed25519 [A-Za-z0-9+/]{68}(?=[ \r\n])", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex KeyForm();
}
