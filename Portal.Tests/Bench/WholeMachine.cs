using System.Diagnostics;
using System.Globalization;
using System.Net;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>
/// (l) <c>bin/up</c> in a folder of its own, from nothing and once more, until Portal and its buckets answer; then what all its processes
/// together keep in memory, without guests and with nobody there. Memory that several share counts once (PSS).
/// </summary>
internal sealed class WholeMachine : IAsyncDisposable
{
    private const int MiB = 1024;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(60);

    private readonly string state = Directory.CreateTempSubdirectory("portal-bench-up-").FullName;
    private readonly string mark = Guid.NewGuid().ToString("N");
    private readonly int port = TestCeph.FreeRange(15);
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private Process? up;

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        await using var machine = new WholeMachine();
        machine.PretendDebian();
        var first = await machine.StartAsync();
        await machine.StopAsync();
        var second = await machine.StartAsync();
        await Task.Delay(Settling);
        var memory = machine.Memory();
        await machine.StopAsync();
        return
        [
            new Figure("(l) bin/up from nothing until Portal and buckets answer", first, "s", Bar: 120),
            new Figure("(l) bin/up once more", second, "s", Bar: 30),
            new Figure("(l) memory of everything, idle, without guests", memory.Sum(part => part.Value), "MiB", Bar: 1536),
            .. memory
                .OrderByDescending(part => part.Value)
                .Take(8)
                .Select(part => new Figure($"(l)   of that {part.Key}", part.Value, "MiB")),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        http.Dispose();
        using var reset = Process.Start(Start("--reset"))!;
        await reset.StandardOutput.ReadToEndAsync();
        await reset.WaitForExitAsync();
        if (Directory.Exists(state))
        {
            Directory.Delete(state, recursive: true);
        }
    }

    /// <summary>
    /// The image that customers choose is built in the background once Portal is there, for minutes. Idle is what comes after.
    /// </summary>
    private void PretendDebian()
    {
        var images = Directory.CreateDirectory(Path.Combine(state, "engine", "images"));
        File.WriteAllText(Path.Combine(images.FullName, "debian-12.qcow2"), "-");
    }

    private ProcessStartInfo Start(params string[] arguments) =>
        new(Path.Combine(TestPostgres.Repository, "bin", "up"), arguments)
        {
            WorkingDirectory = TestPostgres.Repository,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            Environment =
            {
                ["PORTAL_STATE"] = state,
                ["PORTAL_PORT"] = port.ToString(CultureInfo.InvariantCulture),
                ["PORTAL_BENCH"] = mark,
            },
        };

    private async Task<double> StartAsync()
    {
        var start = Stopwatch.GetTimestamp();
        up = Process.Start(Start())!;
        while (await up.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("Portal is ready", StringComparison.Ordinal))
            {
                _ = up.StandardOutput.ReadToEndAsync();
                await Until.TrueAsync(AreBucketsThereAsync, TimeSpan.FromMinutes(2));
                return Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
        }

        throw new InvalidOperationException($"bin/up did not start; its logs are in {state}/logs.");
    }

    private async Task<bool> AreBucketsThereAsync()
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port + 5}/")));
            return answer.StatusCode is HttpStatusCode.OK;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private async Task StopAsync()
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

    /// <summary>
    /// MiB by program, of all that bin/up and what it started have started: the mark is in their environment. PostgreSQL writes over its
    /// own, and is known by its session.
    /// </summary>
    private Dictionary<string, double> Memory()
    {
        var parts = new Dictionary<string, double>(StringComparer.Ordinal);
        var postgres = File.ReadLines(Path.Combine(state, "postgres", "cluster", "data", "postmaster.pid")).First();
        foreach (
            var process in Directory
                .EnumerateDirectories("/proc")
                .Where(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out _))
        )
        {
            try
            {
                if (
                    SessionOf(process) == postgres
                    || File.ReadAllText(Path.Combine(process, "environ")).Contains(mark, StringComparison.Ordinal)
                )
                {
                    var program = ProgramOf(process);
                    var pss = File.ReadLines(Path.Combine(process, "smaps_rollup"))
                        .First(line => line.StartsWith("Pss:", StringComparison.Ordinal));
                    parts[program] =
                        parts.GetValueOrDefault(program)
                        + (double.Parse(pss.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / MiB);
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                // It ended meanwhile, or is the kernel's.
            }
        }

        return parts;
    }

    private static string SessionOf(string process) =>
        File.ReadAllText(Path.Combine(process, "stat")) is var stat ? stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3] : "";

    /// <summary>Of .NET's the assembly, of others the program.</summary>
    private static string ProgramOf(string process) =>
        File.ReadAllText(Path.Combine(process, "cmdline")).Split('\0') is var words
        && Array.Find(words, word => word.EndsWith(".dll", StringComparison.Ordinal)) is { } assembly
            ? string.Join(
                ' ',
                new[] { Path.GetFileNameWithoutExtension(assembly) }.Concat(
                    words.SkipWhile(word => word != assembly).Skip(1).Take(1).Where(word => !word.StartsWith('-'))
                )
            )
            : File.ReadAllText(Path.Combine(process, "comm")).Trim();
}
