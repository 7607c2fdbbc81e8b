using System.Diagnostics;
using System.Globalization;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.EndToEnd;

/// <summary>
/// <c>bin/up</c> in a folder of its own and on ports of its own, and the programs beside it. At the end everything is forgotten.
/// </summary>
internal sealed class BinUp : IAsyncDisposable
{
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("portal-test-up-");
    private Process? up;

    public string State => Path.Combine(home.FullName, "state");

    /// <summary>A folder beside the state.</summary>
    public string Home => home.FullName;

    public int Port { get; } = TestCeph.FreeRange(15);

    /// <summary>
    /// The image that customers choose is built in the background once Portal is there, for minutes. It is taken to be there.
    /// </summary>
    public void PretendDebian()
    {
        var images = Directory.CreateDirectory(Path.Combine(State, "engine", "images"));
        File.WriteAllText(Path.Combine(images.FullName, "debian-12.qcow2"), "-");
    }

    /// <summary>Until it says that it is ready; what it had said before.</summary>
    public async Task<string> StartAsync()
    {
        up = Process.Start(Start("bin/up", [], State, Port))!;
        var said = new List<string>();
        _ = up.StandardError.ReadToEndAsync();
        while (await up.StandardOutput.ReadLineAsync() is { } line)
        {
            said.Add(line);
            if (line.Contains("Ctrl-C stops it", StringComparison.Ordinal))
            {
                _ = up.StandardOutput.ReadToEndAsync();
                return string.Join('\n', said);
            }
        }

        throw new InvalidOperationException($"bin/up did not start; its logs are in {State}/logs.");
    }

    public async Task StopAsync()
    {
        if (up is null)
        {
            return;
        }

        using (var kill = Process.Start("kill", ["-TERM", up.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        await up.WaitForExitAsync();
        up.Dispose();
        up = null;
    }

    public Task<(int Code, string Output, string Errors)> ResetAsync() => RunAsync("bin/up", "--reset");

    /// <summary>Runs a program of the repository's with this state and these ports.</summary>
    public Task<(int Code, string Output, string Errors)> RunAsync(string program, params string[] arguments) =>
        RunAsync(program, arguments, State, Port);

    /// <summary>The same with any state.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string program, string[] arguments, string state, int port)
    {
        using var process = Process.Start(Start(program, arguments, state, port))!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, (await output).Trim(), (await errors).Trim());
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await ResetAsync();
        home.Delete(recursive: true);
    }

    private static ProcessStartInfo Start(string program, string[] arguments, string state, int port)
    {
        var start = new ProcessStartInfo(Path.Combine(TestPostgres.Repository, program), arguments)
        {
            WorkingDirectory = TestPostgres.Repository,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            Environment = { ["PORTAL_STATE"] = state, ["PORTAL_PORT"] = port.ToString(CultureInfo.InvariantCulture) },
        };
        start.Environment.Remove("KeyRing__File");
        return start;
    }
}
