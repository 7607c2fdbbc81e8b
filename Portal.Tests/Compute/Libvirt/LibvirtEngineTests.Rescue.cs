using Portal.Model.Compute;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>Real guests in rescue, and the disks that they are rescued for.</summary>
public sealed partial class LibvirtEngineTests
{
    private const string Newer = "rescue-newer";

    protected override async Task<bool> IsRescueAsync(InstanceSpec machine) =>
        await real.SshAsync(machine, "awk '$2 == \"/\" { print $3 }' /proc/mounts | tail -1") == "rootfs";

    protected override async Task<bool> HasRunUserDataAsync(InstanceSpec machine) =>
        await real.SshAsync(machine, "grep -q once /root/ran 2> /dev/null && sync && echo done || true") == "done";

    protected override async Task MarkFromRescueAsync(InstanceSpec machine)
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
    protected override async Task SeenInRescueAsync(InstanceSpec machine, int rescue)
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
