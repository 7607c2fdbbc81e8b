using System.ComponentModel;
using System.Diagnostics;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>Runs a program of the host with a list of arguments, never through a shell.</summary>
internal static class Command
{
    private static readonly string Places =
        Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>
    /// What it printed; <see cref="EngineFault.Unavailable"/> with its first words of error when it failed: such a failure is the host's,
    /// not the customer's.
    /// </summary>
    /// <param name="folder">In which it is to work; the worker's if not said.</param>
    /// <param name="called">What failed, if <paramref name="program"/> only starts it.</param>
    /// <param name="patience">After which it is ended; without an end if not said.</param>
    public static async Task<string> RunAsync(
        string program,
        IEnumerable<string> arguments,
        CancellationToken ct,
        string? input = null,
        string? folder = null,
        TimeSpan? patience = null,
        string? called = null
    )
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = folder ?? "",
        };

        // The worker's own environment holds the database's password. Some of these programs speak with guests, or read what they wrote.
        start.Environment.Clear();
        start.Environment["PATH"] = Places;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience ?? Timeout.InfiniteTimeSpan);
        using var process = Start(start);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.StandardInput.WriteAsync((input ?? "").AsMemory(), limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            ct.ThrowIfCancellationRequested();
            throw new EngineException(EngineFault.Unavailable, $"{called ?? program} took too long.");
        }

        return process.ExitCode == 0
            ? await output
            : throw new EngineException(
                EngineFault.Unavailable,
                $"{called ?? program} failed.",
                vendorsWords: (await errors).Trim().Split('\n')[0]
            );
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
