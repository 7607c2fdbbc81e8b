using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>Runs a program of the host with a list of arguments, never through a shell.</summary>
internal static class Command
{
    private const int MostPrinted = 16 << 20;

    private static readonly string Places =
        Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>
    /// What it printed; <see cref="EngineFault.Unavailable"/> with its first words of error when it failed: such a failure is the host's,
    /// not the customer's.
    /// </summary>
    /// <param name="folder">In which it is to work; the worker's if not said.</param>
    /// <param name="called">What failed, if <paramref name="program"/> only starts it.</param>
    /// <param name="mostPrinted">Characters, of output and of errors each: it is ended when it prints more.</param>
    /// <param name="patience">After which it is ended; without an end if not said.</param>
    public static async Task<string> RunAsync(
        string program,
        IEnumerable<string> arguments,
        CancellationToken ct,
        string? input = null,
        string? folder = null,
        TimeSpan? patience = null,
        string? called = null,
        int mostPrinted = MostPrinted
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
        var output = ReadAsync(process, process.StandardOutput, mostPrinted, limit.Token);
        var errors = ReadAsync(process, process.StandardError, mostPrinted, limit.Token);
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
                vendorMessage: (await errors).Trim().Split('\n')[0]
            );
    }

    private static async Task<string> ReadAsync(Process process, StreamReader printed, int most, CancellationToken ct)
    {
        var (text, buffer) = (new StringBuilder(), new char[4096]);
        while (await printed.ReadAsync(buffer, ct) is > 0 and var read)
        {
            if (text.Length + read > most)
            {
                process.Kill();
                return text.ToString();
            }

            text.Append(buffer, 0, read);
        }

        return text.ToString();
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
