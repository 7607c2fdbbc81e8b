using System.ComponentModel;
using System.Diagnostics;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>Runs a program of the host with a list of arguments, never through a shell.</summary>
internal static class Command
{
    /// <summary>What it printed; <see cref="EngineFault.Unavailable"/> with its first words of error when it failed: such a failure is the host's, not the customer's.</summary>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken ct, string? input = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Start(start);
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var errors = process.StandardError.ReadToEndAsync(ct);
        try
        {
            await process.StandardInput.WriteAsync((input ?? "").AsMemory(), ct);
            process.StandardInput.Close();
            await process.WaitForExitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        return process.ExitCode == 0
            ? await output
            : throw new EngineException(EngineFault.Unavailable, $"{program} failed.", vendorsWords: (await errors).Trim().Split('\n')[0]);
    }

    /// <summary>For what may find its work done already. Whether it succeeded; what matters is checked by what comes after it.</summary>
    public static async Task<bool> TryAsync(string program, IEnumerable<string> arguments, CancellationToken ct, string? input = null)
    {
        try
        {
            await RunAsync(program, arguments, ct, input);
            return true;
        }
        catch (EngineException)
        {
            return false;
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new EngineException(EngineFault.Unavailable, $"{start.FileName} could not be run: {error.Message}.", error);
        }
    }
}
