using System.Diagnostics;

namespace Portal.Tests.Shared;

/// <summary>
/// A program of the distribution's whose package is unpacked into the repository's <c>.portal/cache</c> and kept there from one run to the
/// next; it is not installed, since an installed one would do something to this machine: set it up at its next boot, or listen at a port
/// from then on.
/// </summary>
internal static class UnpackedPackage
{
    private static readonly SemaphoreSlim Gate = new(1, 1);

    /// <summary>The folder in which its files are.</summary>
    public static async Task<string> FolderAsync(string package)
    {
        var folder = Path.Combine(TestPostgres.Repository, ".portal", "cache", package);
        await Gate.WaitAsync();
        try
        {
            if (!Directory.Exists(folder))
            {
                await UnpackAsync(package, folder);
            }
        }
        finally
        {
            Gate.Release();
        }

        return folder;
    }

    private static async Task UnpackAsync(string package, string folder)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
        var work = Directory.CreateDirectory($"{folder}.{Guid.NewGuid():N}");
        await RunAsync("apt-get", ["-qq", "-o", "APT::Sandbox::User=root", "download", package], work.FullName);
        await RunAsync("dpkg-deb", ["-x", Assert.Single(work.GetFiles("*.deb")).FullName, Path.Combine(work.FullName, "unpacked")], ".");
        Directory.Move(Path.Combine(work.FullName, "unpacked"), folder);
        work.Delete(recursive: true);
    }

    private static async Task RunAsync(string program, string[] arguments, string folder)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = folder,
                RedirectStandardError = true,
                UseShellExecute = false,
            }
        )!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {errors}");
    }
}
