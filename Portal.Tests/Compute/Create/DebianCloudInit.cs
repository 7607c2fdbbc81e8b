using System.Diagnostics;
using System.Text.Json;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>
/// What Debian's own cloud-init does with user data. Its package is unpacked and not installed: an installed one would set up this machine
/// at its next boot.
/// </summary>
internal static class DebianCloudInit
{
    public static async Task<IReadOnlyList<Seen>> LookAsync(IEnumerable<byte[]> data)
    {
        var folder = await UnpackedPackage.FolderAsync("cloud-init");
        var script = Path.Combine(TestPostgres.Repository, "Portal.Tests", "Compute", "Create", "cloud-init.py");
        return JsonSerializer.Deserialize<List<Seen>>(await RunAsync("python3", [script, folder], ".", JsonSerializer.Serialize(data)))!;
    }

    private static async Task<string> RunAsync(string program, string[] arguments, string folder, string input)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            }
        )!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await errors}");
    }

    /// <param name="Types">Of the parts that it found, those that it fetched and unpacked among them.</param>
    /// <param name="Config">What the parts that are configuration make together, as JSON.</param>
    public sealed record Seen(IReadOnlyList<string> Types, string? Config, IReadOnlyList<string> Warnings);
}
