using System.Diagnostics;
using System.Globalization;
using Portal.Model.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Libvirt;
using Portal.Worker.Shared;

namespace Portal.Tests.Compute;

/// <summary>
/// The real engine, one for all these tests; they run one after the other. Much of what they do is to wait for a guest, so
/// <see cref="SecondEngineTests"/> run beside them, on another.
/// </summary>
[CollectionDefinition(Name)]
public sealed class EngineTests : ICollectionFixture<TestEngine>
{
    public const string Name = "engine";
}

/// <inheritdoc cref="EngineTests"/>
[CollectionDefinition(Name)]
public sealed class SecondEngineTests : ICollectionFixture<TestEngine>
{
    public const string Name = "second engine";
}

/// <summary>
/// A private libvirtd in a temporary folder, the ports' forwarder, and a key to sign in to guests with. The tiny image is kept in the
/// repository's <c>.portal/cache</c> from one run to the next. At the end everything is destroyed, and that is checked.
/// </summary>
public sealed class TestEngine : IAsyncLifetime
{
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("portal-test-engine-");
    private readonly SemaphoreSlim gate = new(1, 1);
    private Process? publisher;
    private readonly Dictionary<string, InstanceSpec> shared = new(StringComparer.Ordinal);

    /// <summary>What <c>bin/engine</c> and <c>Engine:Folder</c> are given.</summary>
    public string Folder => Path.Combine(home.FullName, "state");

    public LibvirtEngine Engine { get; private set; } = null!;

    public EngineSettings Settings => new EngineFolder(Folder).Settings();

    /// <summary>One OpenSSH line; its private half is in <see cref="KeyFile"/>.</summary>
    public string PublicKey => File.ReadAllText(KeyFile + ".pub").Trim();

    public string KeyFile => Path.Combine(home.FullName, "key");

    public async ValueTask InitializeAsync()
    {
        var cache = Path.Combine(TestPostgres.Repository, ".portal", "cache");
        await TestPostgres.RunAsync("bin/image-tiny", cache);
        var (images, rescue) = (Path.Combine(Folder, "images"), Path.Combine(cache, "images", RescueSystem.Current));
        Directory.CreateDirectory(images);
        await RunAsync(
            "cp",
            "-a",
            Path.Combine(cache, "images", "tiny.qcow2"),
            rescue,
            Path.Combine(cache, "images", new DirectoryInfo(rescue).LinkTarget!),
            images
        );

        await StartAsync();
        await RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KeyFile);
        publisher = Process.Start(
            new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Portal.Worker"), ["publish", Folder]) { UseShellExecute = false }
        )!;
        Engine = new LibvirtEngine(new EngineFolder(Folder), new TypedAddresses(isLaptop: true), TimeProvider.System);
    }

    public Task StartAsync() => TestPostgres.RunAsync("bin/engine", "start", Folder);

    /// <summary>Makes the machine of this name once and keeps it: a boot takes many seconds.</summary>
    public async Task<InstanceSpec> SharedAsync(string name, Func<Task<InstanceSpec>> make)
    {
        await gate.WaitAsync();
        try
        {
            return shared.TryGetValue(name, out var made) ? made : shared[name] = await make();
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>
    /// Runs a command in a guest through its published port, with the system's own ssh and the host key pinned. Commands share one
    /// connection for each start of the machine, unless a key is named: to open one takes an emulated guest a second.
    /// </summary>
    public async Task<string> SshAsync(InstanceSpec machine, string command, string? keyFile = null)
    {
        var port = machine.PublicPort!.Value.ToString(CultureInfo.InvariantCulture);
        var (known, line) = (Path.Combine(home.FullName, machine.Id), Path.Combine(home.FullName, $"{await QemuAsync(machine.Id)}.ssh"));
        if (keyFile is not null || !File.Exists(line))
        {
            await File.WriteAllTextAsync(
                known,
                $"[127.0.0.1]:{port} {(await Engine.ObserveAsync(machine, CancellationToken.None)).HostKey}\n"
            );
        }

        string[] oneLine = keyFile is null
            ? ["-o", "ControlMaster=auto", "-o", $"ControlPath={line}", "-o", "ControlPersist=60", "-o", "ServerAliveInterval=15"]
            : [];
        return await RunAsync(
            "timeout",
            [
                "300",
                "ssh",
                "-q",
                "-p",
                port,
                "-i",
                keyFile ?? KeyFile,
                .. oneLine,
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "BatchMode=yes",
                "-o",
                "ConnectTimeout=20",
                "-o",
                $"UserKnownHostsFile={known}",
                "-o",
                "StrictHostKeyChecking=yes",
                $"{machine.SshUser}@127.0.0.1",
                command,
            ]
        );
    }

    /// <summary>Reads or writes the first 512 bytes of a volume that no guest has, by QEMU's own tools.</summary>
    public async Task<string> OnHostAsync(string volumeId, string verb, string content)
    {
        var folder = new EngineFolder(Folder);
        var (files, sector) = (
            new VolumeFiles(folder, new QemuImg(folder, new GuestUids(folder))),
            Path.Combine(home.FullName, $"{volumeId}.sector")
        );
        var volume = QemuImg.Described(folder.Volume(volumeId), files.ParentOf(volumeId), path => path);
        if (verb is "write")
        {
            await File.WriteAllTextAsync(sector, content.PadRight(512));
            return await RunAsync("qemu-io", "-c", $"write -s {sector} 0 512", volume);
        }

        await RunAsync("qemu-img", "dd", "-O", "raw", "bs=512", "count=1", $"if={volume}", $"of={sector}");
        return await File.ReadAllTextAsync(sector);
    }

    public Task<string> VirshAsync(params string[] arguments) =>
        RunAsync("virsh", ["-q", "-c", $"qemu+unix:///system?socket={Settings.LibvirtSocket}", .. arguments]);

    /// <summary>The pid of a running machine's QEMU.</summary>
    public async Task<string> QemuAsync(string instanceId) =>
        (await File.ReadAllTextAsync(Path.Combine(Settings.Run, "libvirt", "qemu", $"{instanceId}.pid"))).Trim();

    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            }
        )!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? (await output).TrimEnd()
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await SoFarAsync(errors)}{await SoFarAsync(output)}"
            );
    }

    /// <summary>
    /// Where ssh was ended, the line that it keeps for the next call holds the pipes for as long as what it began in the guest.
    /// </summary>
    private static async Task<string> SoFarAsync(Task<string> said)
    {
        try
        {
            return await said.WaitAsync(TimeSpan.FromSeconds(5));
        }
        catch (TimeoutException)
        {
            return "(what it said is still held)";
        }
    }

    public async ValueTask DisposeAsync()
    {
        Engine.Dispose();
        await TestPostgres.RunAsync("bin/engine", "reset", Folder);
        var left = await TestPostgres.RunAsync("bin/engine", "status", Folder);
        publisher?.Dispose();
        gate.Dispose();
        home.Delete(recursive: true);
        if (left.Length > 0)
        {
            throw new InvalidOperationException($"bin/engine reset left something behind: {left}");
        }
    }
}
