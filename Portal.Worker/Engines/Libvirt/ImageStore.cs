using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>The catalogue's files: root's, readable by guests, never written to once they are in place.</summary>
internal sealed partial class ImageStore(EngineFolder folder, HttpClient http)
{
    private const UnixFileMode ReadableByAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public static string PathOf(EngineFolder folder, string fileName) => NameForm().IsMatch(fileName)
        ? Path.Combine(folder.Images, fileName)
        : throw new EngineException(EngineFault.Rejected, "An image's file name consists of letters, digits, dots and hyphens and ends in .qcow2.");

    public IReadOnlyList<string> List() => Directory.Exists(folder.Images)
        ? [.. Directory.GetFiles(folder.Images, "*.qcow2").Select(path => Path.GetFileName(path)!).Where(name => NameForm().IsMatch(name)).Order(StringComparer.Ordinal)]
        : [];

    public async Task FetchAsync(ImageSource source, CancellationToken ct)
    {
        var target = PathOf(folder, source.FileName);
        if (File.Exists(target))
        {
            return;
        }

        // Always the same name: what a killed worker left is written over by the next attempt.
        var fetched = Path.Combine(folder.Images, $".fetch-{source.FileName}");
        try
        {
            await DownloadAsync(source, fetched, ct);
            await CheckAsync(fetched, ct);
            File.SetUnixFileMode(fetched, ReadableByAll);
            File.Move(fetched, target, overwrite: false);
        }
        finally
        {
            File.Delete(fetched);
        }
    }

    private async Task DownloadAsync(ImageSource source, string file, CancellationToken ct)
    {
        try
        {
            using var response = await http.GetAsync(source.Url, HttpCompletionOption.ResponseHeadersRead, ct);
            if (!response.IsSuccessStatusCode)
            {
                throw new EngineException(EngineFault.Rejected, $"{source.Url.Host} answered {(int)response.StatusCode}.");
            }

            await using var from = await response.Content.ReadAsStreamAsync(ct);
            await using var to = File.Create(file);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[1 << 16];
            for (int count; (count = await from.ReadAsync(buffer, ct)) > 0;)
            {
                hash.AppendData(buffer, 0, count);
                await to.WriteAsync(buffer.AsMemory(0, count), ct);
            }

            var found = Convert.ToHexStringLower(hash.GetHashAndReset());
            if (!string.Equals(found, source.Sha256, StringComparison.OrdinalIgnoreCase))
            {
                throw new EngineException(EngineFault.Rejected, $"What {source.Url.Host} sent has another SHA-256: {found}.");
            }
        }
        catch (HttpRequestException error)
        {
            throw new EngineException(EngineFault.Unavailable, $"The image could not be fetched from {source.Url.Host}: {error.Message}", error);
        }
    }

    /// <summary>A qcow2 file may refer to other files of the host; one that does would show them to its guest.</summary>
    private static async Task CheckAsync(string file, CancellationToken ct)
    {
        JsonElement info;
        try
        {
            using var document = JsonDocument.Parse(await Command.RunAsync("qemu-img", ["info", "--output=json", "-f", "qcow2", file], ct));
            info = document.RootElement.Clone();
        }
        catch (EngineException error)
        {
            throw new EngineException(EngineFault.Rejected, "It is not a qcow2 disk image.", error);
        }

        if (info.TryGetProperty("backing-filename", out _) || info.TryGetProperty("full-backing-filename", out _)
            || (info.TryGetProperty("format-specific", out var specific) && specific.GetProperty("data").TryGetProperty("data-file", out _))
            || info.TryGetProperty("encrypted", out _))
        {
            throw new EngineException(EngineFault.Rejected, "The image refers to another file or is encrypted; it must be one whole qcow2 file.");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.qcow2\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NameForm();
}
