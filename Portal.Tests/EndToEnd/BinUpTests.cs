using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Portal.Tests.Shared;

namespace Portal.Tests.EndToEnd;

/// <summary>What <c>bin/up</c> says when it cannot run: one sentence with what to do, before anything is built or started.</summary>
[Trait("Needs", "engine")]
public sealed class BinUpTests : IDisposable
{
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("portal-test-up-");

    private string State => Path.Combine(home.FullName, "state");

    public void Dispose() => home.Delete(recursive: true);

    [Theory]
    [InlineData(0, "web")]
    [InlineData(3, "worker")]
    [InlineData(5, "buckets")]
    public async Task A_port_in_use_is_named_with_another_one_to_choose(int offset, string what)
    {
        var (port, other) = Taken(offset);
        using var kept = other;
        Assert.Equal(
            $"bin/up: Port {port + offset}, meant for the {what}, is in use by another program. Stop that, or choose another: PORTAL_PORT={port + 100} bin/up",
            await RefusedAsync("bin/up", [], ("PORTAL_PORT", $"{port}"))
        );
    }

    /// <summary>Another test may have the port that is so far from a free one.</summary>
    private static (int Port, TcpListener Listener) Taken(int offset)
    {
        while (true)
        {
            var port = TestPostgres.FreePort();
            var listener = new TcpListener(IPAddress.Loopback, port + offset);
            try
            {
                listener.Start();
                return (port, listener);
            }
            catch (SocketException taken) when (taken.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                listener.Dispose();
            }
        }
    }

    [Fact]
    public async Task A_second_one_beside_the_first_is_refused()
    {
        Directory.CreateDirectory(State);
        await File.WriteAllTextAsync(Path.Combine(State, "address"), "http://localhost:5080", TestContext.Current.CancellationToken);
        // which is flock(2)
        await using var running = new FileStream(Path.Combine(State, "lock"), FileMode.Create, FileAccess.Write, FileShare.None);
        Assert.Equal(
            "bin/up: Another bin/up is running in this checkout (http://localhost:5080). Stop it with Ctrl-C first.",
            await RefusedAsync("bin/up", [])
        );
    }

    [Fact]
    public async Task A_full_disk_is_told_before_it_is_filled()
    {
        Directory.CreateDirectory(State);
        string[] small = ["--mount", "sh", "-c", "mount -t tmpfs -o size=64m tmpfs \"$1\" && exec bin/up", "sh", State];
        Assert.Matches(
            "^bin/up: Only \\d+ MiB are free where .* lies; Portal with its images wants 4096 at least. Free some space first.$",
            await RefusedAsync("unshare", small)
        );
    }

    [Theory]
    [InlineData("80")]
    [InlineData("http")]
    [InlineData("65536")]
    public async Task A_port_that_is_none_is_refused(string port) =>
        Assert.Equal(
            $"bin/up: PORTAL_PORT is “{port}”; it must be a number from 1024 to 65500.",
            await RefusedAsync("bin/up", [], ("PORTAL_PORT", port))
        );

    [Fact]
    public async Task A_folder_that_cannot_be_written_to_is_named()
    {
        await File.WriteAllTextAsync(State, "a file", TestContext.Current.CancellationToken);
        Assert.Contains("bin/up keeps its state in " + State, await RefusedAsync("bin/up", []), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_word_it_does_not_know_is_answered_with_those_it_does() =>
        Assert.Equal("bin/up: unknown argument --rest. Usage: bin/up [--reset]", await RefusedAsync("bin/up", ["--rest"]));

    [Fact]
    public async Task A_program_that_root_starts_for_strangers_is_nobody_and_reads_only_what_is_named()
    {
        var (open, closed) = (home.CreateSubdirectory("open"), home.CreateSubdirectory("closed"));
        await File.WriteAllTextAsync(Path.Combine(open.FullName, "program"), "read", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(closed.FullName, "secret"), "secret", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(home.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        const string Try =
            "id -u; cat \"$1/open/program\"; echo; cat \"$1/closed/secret\" 2> /dev/null || echo closed; (echo a > \"$1/open/program\") 2> /dev/null || echo unwritten; grep CapBnd /proc/self/status";
        var said = await Portal.Tests.Compute.TestEngine.RunAsync(
            Path.Combine(TestPostgres.Repository, "bin/unprivileged"),
            "65210",
            open.FullName,
            "--",
            "sh",
            "-c",
            Try,
            "sh",
            home.FullName
        );
        Assert.Equal("65210\nread\nclosed\nunwritten\nCapBnd:\t0000000000000000", said.Trim());
    }

    /// <summary>What it printed before it ended with 1.</summary>
    private async Task<string> RefusedAsync(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(
            program.Contains('/', StringComparison.Ordinal) ? Path.Combine(TestPostgres.Repository, program) : program,
            arguments
        )
        {
            WorkingDirectory = TestPostgres.Repository,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            Environment = { ["PORTAL_STATE"] = State, ["PORTAL_PORT"] = $"{TestPostgres.FreePort()}" },
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("", 1), (await said, process.ExitCode));
        return (await complained).Trim().Split('\n')[^1];
    }
}
