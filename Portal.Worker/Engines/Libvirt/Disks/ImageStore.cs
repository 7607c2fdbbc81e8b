using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>The catalogue's files: root's, readable by guests, never written to once they are in place.</summary>
internal sealed partial class ImageStore(EngineFolder folder, QemuImg qemuImg, TypedAddresses outside, TimeProvider clock)
{
    /// <summary>A catalogue's images have some hundred MB.</summary>
    private const long LargestImage = 32L << 30;

    /// <summary>For all of it, and between two pieces.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(2),
        PiecePatience = TimeSpan.FromMinutes(1);

    private const UnixFileMode ReadableByAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public static string PathOf(EngineFolder folder, string fileName) =>
        NameForm().IsMatch(fileName)
            ? Path.Combine(folder.Images, fileName)
            : throw new EngineException(
                EngineFault.Rejected,
                "An image's file name consists of letters, digits, dots and hyphens and ends in .qcow2."
            );

    public IReadOnlyList<string> List() =>
        Directory.Exists(folder.Images)
            ?
            [
                .. Directory
                    .GetFiles(folder.Images, "*.qcow2")
                    .Select(path => Path.GetFileName(path)!)
                    .Where(name => NameForm().IsMatch(name))
                    .Order(StringComparer.Ordinal),
            ]
            : [];

    public async Task FetchAsync(ImageSource source, IProgress<ImageProgress>? progress, CancellationToken ct)
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
            await DownloadAsync(source, fetched, progress, ct);
            await CheckAsync(fetched, ct);
            File.SetUnixFileMode(fetched, ReadableByAll);
            File.Move(fetched, target, overwrite: false);
        }
        finally
        {
            File.Delete(fetched);
        }
    }

    private async Task DownloadAsync(ImageSource source, string file, IProgress<ImageProgress>? progress, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(Patience, clock);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var response = await outside.GetAsync(source.Url, ended.Token);
            if (!response.IsSuccessStatusCode)
            {
                throw new EngineException(EngineFault.Rejected, $"{source.Url.Host} answered {(int)response.StatusCode}.");
            }

            var found = await CopyAsync(response.Content, file, progress, ended.Token);
            if (!string.Equals(found, source.Sha256, StringComparison.OrdinalIgnoreCase))
            {
                // Not which: whoever may add images would learn what there is at an address.
                throw new EngineException(
                    EngineFault.Rejected,
                    $"What {source.Url.Host} sent has another SHA-256 than the one that was entered."
                );
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new EngineException(
                EngineFault.Rejected,
                $"{source.Url.Host} did not send the image within {Patience.TotalHours:0} hours."
            );
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException)
        {
            throw new EngineException(
                EngineFault.Unavailable,
                $"The image could not be fetched from {source.Url.Host}: {error.Message}",
                error
            );
        }
    }

    /// <returns>Its SHA-256.</returns>
    private async Task<string> CopyAsync(HttpContent content, string file, IProgress<ImageProgress>? progress, CancellationToken ct)
    {
        var total = content.Headers.ContentLength;
        await using var from = await content.ReadAsStreamAsync(ct);
        await using var to = File.Create(file);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (buffer, fetched) = (new byte[1 << 16], 0L);
        int count;
        do
        {
            progress?.Report(new ImageProgress(fetched, total));
            count = await from.ReadAsync(buffer, ct).AsTask().WaitAsync(PiecePatience, clock, ct);
            if ((fetched += count) > LargestImage || total > LargestImage)
            {
                throw new EngineException(
                    EngineFault.Rejected,
                    $"It is larger than {LargestImage >> 30} GiB, which is the most that an image may have."
                );
            }

            hash.AppendData(buffer, 0, count);
            await to.WriteAsync(buffer.AsMemory(0, count), ct);
        } while (count > 0);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A qcow2 file may refer to other files of the host; one that does would show them to its guest.</summary>
    private async Task CheckAsync(string file, CancellationToken ct)
    {
        JsonElement info;
        try
        {
            using var document = JsonDocument.Parse(await qemuImg.InfoAsync(file, ct));
            info = document.RootElement.Clone();
        }
        catch (EngineException error)
        {
            throw new EngineException(EngineFault.Rejected, "It is not a qcow2 disk image.", error);
        }

        if (
            info.TryGetProperty("backing-filename", out _)
            || info.TryGetProperty("full-backing-filename", out _)
            || (info.TryGetProperty("format-specific", out var specific) && specific.GetProperty("data").TryGetProperty("data-file", out _))
            || info.TryGetProperty("encrypted", out _)
        )
        {
            throw new EngineException(
                EngineFault.Rejected,
                "The image refers to another file or is encrypted; it must be one whole qcow2 file."
            );
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.qcow2\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NameForm();
}
