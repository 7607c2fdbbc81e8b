using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Volumes;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>libvirt with real guests, which are asked by ssh and at their consoles.</summary>
public sealed class LibvirtBench(TestEngine real) : EngineBench
{
    private const string Newer = "rescue-newer";

    /// <summary>Under emulation and with other work on the same cores, a boot may take this long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public override IComputeEngine Engine => real.Engine;

    public override InstanceSpec Fit(InstanceSpec machine) =>
        machine with
        {
            PublicKey = real.PublicKey,
            PublicPort = TestPostgres.FreePort(),
        };

    public override async Task<InstanceSpec> RunningMachineAsync(EngineSteps steps) =>
        await StartedAsync(steps, await real.SharedAsync("small", () => Task.FromResult(steps.AMachine())));

    public override async Task UntilAsync(Func<Task<bool>> condition)
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await condition())
        {
            Assert.True(watch.Elapsed < Patience, $"It did not happen within {Patience.TotalSeconds:0} s.");
            await timer.WaitForNextTickAsync(Ct);
        }
    }

    public override async Task<byte[]> AnImageAsync()
    {
        var file = Path.Combine(real.Folder, "an-image");
        await TestEngine.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", file, "1M");
        return await File.ReadAllBytesAsync(file, Ct);
    }

    /// <summary>Serves one answer over HTTP on the loopback.</summary>
    public override Task<Uri> PublishAsync(byte[] content)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = Task.Run(async () =>
        {
            using (listener)
            {
                using var client = await listener.AcceptTcpClientAsync();
                await using var stream = client.GetStream();
                _ = await stream.ReadAsync(new byte[4096]);
                await stream.WriteAsync(
                    System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {content.Length}\r\nConnection: close\r\n\r\n")
                );
                await stream.WriteAsync(content);
            }
        });
        return Task.FromResult(new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/image"));
    }

    public override Task MarkDiskAsync(InstanceSpec machine) => real.SshAsync(machine, "echo kept > /root/mark; sync");

    public override async Task<bool> HasMarkAsync(InstanceSpec machine) =>
        await real.SshAsync(machine, "cat /root/mark 2> /dev/null || true") == "kept";

    public override Task UseAsync(InstanceSpec machine) =>
        real.SshAsync(machine, "dd if=/dev/urandom of=/root/used bs=64k count=8 2>/dev/null; sync; rm /root/used");

    public override async Task SeesInterfaceAsync(InstanceSpec machine, InterfaceSpec networkInterface) =>
        await UntilAsync(async () =>
            (await real.SshAsync(machine, "ip -4 -o addr")).Contains($"{networkInterface.Address}/", StringComparison.Ordinal)
        );

    /// <summary>As a person does: at the login of the text console, which is left as it was found.</summary>
    public override async Task<bool> CanSignInAsync(InstanceSpec machine, string password)
    {
        await using var console = await Engine.OpenConsoleAsync(machine.Id, ConsoleKind.Text, Ct);
        await TypeAsync(console, "");
        await EngineSteps.ReadUntilAsync(console, "login: ");
        await TypeAsync(console, machine.SshUser);
        await EngineSteps.ReadUntilAsync(console, "Password: ");
        await TypeAsync(console, password);
        var opened = await EngineSteps.ReadUntilAsync(console, ["# ", "incorrect"]) == "# ";
        if (opened)
        {
            await TypeAsync(console, "exit");
            await EngineSteps.ReadUntilAsync(console, "login: ");
        }

        return opened;
    }

    public override Task<string> KeysAsync(InstanceSpec machine) => real.SshAsync(machine, "cat /root/.ssh/authorized_keys");

    public override async Task<bool> IsRescueAsync(InstanceSpec machine) =>
        await real.SshAsync(machine, "awk '$2 == \"/\" { print $3 }' /proc/mounts | tail -1") == "rootfs";

    public override async Task<bool> HasRunUserDataAsync(InstanceSpec machine) =>
        await real.SshAsync(machine, "grep -q once /root/ran 2> /dev/null && sync && echo done || true") == "done";

    public override async Task MarkFromRescueAsync(InstanceSpec machine)
    {
        // What a script of the first boot did is on the disk, and it did not run again here.
        Assert.Equal("", await real.SshAsync(machine, "cat /root/ran 2> /dev/null || true"));

        // Who gets in at the first moment finds each disk by its name.
        var disk = $"{PathOf(machine, machine.Volumes[0].Volume)}-part1";
        await real.SshAsync(machine, $"mount {disk} /mnt && grep -q once /mnt/root/ran && echo kept > /mnt/root/mark && umount /mnt");
    }

    /// <summary>
    /// Each rescue takes the version that is current then: a newer one is put into place between two. Nothing of either stays.
    /// </summary>
    public override async Task SeenInRescueAsync(InstanceSpec machine, int rescue)
    {
        var images = new DirectoryInfo(Path.Combine(real.Folder, "images"));
        var version = images.GetDirectories("rescue-*").Single(one => one.Name != Newer).Name;
        switch (rescue)
        {
            case 1:
                Assert.Equal((version, ""), (VersionIn(machine), await real.SshAsync(machine, "cat /newer 2> /dev/null || true")));
                await PublishNewerAsync();
                break;
            case 2:
                Assert.Equal((Newer, "newer"), (VersionIn(machine), await real.SshAsync(machine, "cat /newer")));
                await TestEngine.RunAsync("sh", "-ec", $"cd {images}; ln -sfn {version} .rescue; mv -T .rescue rescue; rm -r {Newer}");
                break;
            default:
                Assert.Equal(
                    [RescueSystem.Log],
                    Directory.GetFileSystemEntries(GuestOf(machine), "*rescue*").Select(path => Path.GetFileName(path))
                );
                break;
        }
    }

    /// <summary>
    /// In the guest under the name by which udev, or the tiny image's mdev, finds a disk by its serial number; on the host with QEMU's own
    /// tool.
    /// </summary>
    public override Task WriteAsync(InstanceSpec? machine, VolumeSpec volume, string content) =>
        machine is null
            ? real.OnHostAsync(volume.Id, "write", content)
            : real.SshAsync(machine, $"printf %-512s '{content}' | dd of={PathOf(machine, volume)} conv=notrunc,fsync 2> /dev/null");

    public override async Task<string> ReadAsync(InstanceSpec? machine, VolumeSpec volume) =>
        (
            machine is null
                ? await real.OnHostAsync(volume.Id, "read", "")
                : await real.SshAsync(machine, $"dd if={PathOf(machine, volume)} bs=512 count=1 2> /dev/null")
        ).TrimEnd(' ', '\0');

    public override async Task<int> GuestSizeAsync(InstanceSpec machine, VolumeSpec volume) =>
        (int)(
            long.Parse(
                await real.SshAsync(machine, $"blockdev --getsize64 {PathOf(machine, volume)} 2> /dev/null || echo 0"),
                CultureInfo.InvariantCulture
            ) >> 30
        );

    /// <summary>Starts it if its ssh does not answer.</summary>
    internal static async Task<InstanceSpec> StartedAsync(EngineSteps steps, InstanceSpec machine) =>
        await EngineSteps.FaultOfAsync(() => steps.Engine.ObserveAsync(machine, Ct)) is null
        && (await steps.Engine.ObserveAsync(machine, Ct)).SshAnswers
            ? machine
            : await steps.StartAsync(machine);

    internal static string PathOf(InstanceSpec machine, VolumeSpec volume) =>
        machine.Volumes.Any(held => held.IsRoot && held.Volume.Id == volume.Id)
            ? $"/dev/disk/by-id/virtio-{Volume.Serial(volume.Id)}"
            : $"/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_{Volume.Serial(volume.Id)}";

    private static async Task TypeAsync(Stream console, string line)
    {
        await console.WriteAsync(Encoding.ASCII.GetBytes(line + "\r"), Ct);
        await console.FlushAsync(Ct);
    }

    private string GuestOf(InstanceSpec machine) => Path.Combine(real.Folder, "engine", "lib", "guests", machine.Id);

    /// <summary>The one in the machine's folder, which is whole.</summary>
    private string VersionIn(InstanceSpec machine)
    {
        var folder = Assert.Single(Directory.GetDirectories(GuestOf(machine)));
        Assert.Equal(
            [RescueSystem.Memory, RescueSystem.Kernel],
            Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)
        );
        return Path.GetFileName(folder);
    }

    /// <summary>As bin/image-tiny puts one into place: the same with one file more, which is unpacked before the rest.</summary>
    private Task<string> PublishNewerAsync() =>
        TestEngine.RunAsync(
            "sh",
            "-ec",
            $"""
            cd {real.Folder}/images; mkdir rescue-newer; cp rescue/kernel rescue-newer/
            echo newer > newer; (echo newer | cpio -o -H newc --quiet; cat rescue/initrd) > rescue-newer/initrd; rm newer
            chmod 755 rescue-newer; chmod 644 rescue-newer/*; ln -sfn rescue-newer .rescue; mv -T .rescue rescue
            """
        );
}
