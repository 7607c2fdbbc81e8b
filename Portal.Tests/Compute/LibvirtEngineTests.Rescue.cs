using Portal.Model.Compute;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>Real guests in rescue, and the disks that they are rescued for.</summary>
public sealed partial class LibvirtEngineTests
{
    protected override async Task<bool> IsRescueAsync(InstanceSpec machine) => await real.SshAsync(machine, "awk '$2 == \"/\" { print $3 }' /proc/mounts | tail -1") == "rootfs";

    protected override async Task MarkFromRescueAsync(InstanceSpec machine)
    {
        // What a script of the first boot did is on the disk, and it did not run again here.
        Assert.Equal("", await real.SshAsync(machine, "cat /root/ran 2> /dev/null || true"));
        await real.SshAsync(machine, $"mount {PathOf(machine, machine.Volumes[0].Volume)}-part1 /mnt && grep -q once /mnt/root/ran && echo kept > /mnt/root/mark && umount /mnt");
    }

    [Fact]
    public async Task Each_rescue_takes_the_version_that_is_current_then_and_nothing_of_it_stays()
    {
        var (machine, current) = (AMachine(host: 43), Path.Combine(real.Folder, "images", RescueSystem.Current));
        var first = machine with { Rescue = true };
        await StartAsync(first);
        var version = new DirectoryInfo(current).LinkTarget!;
        Assert.Equal((version, ""), (VersionIn(machine), await real.SshAsync(first, "cat /newer 2> /dev/null || true")));
        await PublishNewerAsync();
        try
        {
            await RebootAsync(first with { Boot = 1 });
            Assert.Equal(("rescue-newer", "newer"), (VersionIn(machine), await real.SshAsync(first, "cat /newer")));
        }
        finally
        {
            await TestEngine.RunAsync("sh", "-ec", $"cd {real.Folder}/images; ln -sfn {version} .rescue; mv -T .rescue rescue; rm -r rescue-newer");
        }

        await RebootAsync(machine with { Boot = 2 });
        Assert.False(await IsRescueAsync(machine));
        Assert.Equal([RescueSystem.Log], Directory.GetFileSystemEntries(GuestOf(machine), "*rescue*").Select(path => Path.GetFileName(path)));
        await RemoveAllAsync(machine);
    }

    private string GuestOf(InstanceSpec machine) => Path.Combine(real.Folder, "engine", "lib", "guests", machine.Id);

    /// <summary>The one in the machine's folder, which is whole.</summary>
    private string VersionIn(InstanceSpec machine)
    {
        var folder = Assert.Single(Directory.GetDirectories(GuestOf(machine)));
        Assert.Equal([RescueSystem.Memory, RescueSystem.Kernel], Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        return Path.GetFileName(folder);
    }

    private async Task RebootAsync(InstanceSpec machine)
    {
        await UntilAsync(async () => await Engine.EnsureMachineAsync(machine, Ct) is { Power: MachinePower.Running } seen && seen.Boot == machine.Boot);
        await UntilAsync(async () => await Engine.EnsureMachineAsync(machine, Ct) is { SshAnswers: true, HostKey: not null });
    }

    /// <summary>As bin/image-tiny puts one into place: the same with one file more, which is unpacked before the rest.</summary>
    private Task<string> PublishNewerAsync() => TestEngine.RunAsync("sh", "-ec", $"""
        cd {real.Folder}/images; mkdir rescue-newer; cp rescue/kernel rescue-newer/
        echo newer > newer; (echo newer | cpio -o -H newc --quiet; cat rescue/initrd) > rescue-newer/initrd; rm newer
        chmod 755 rescue-newer; chmod 644 rescue-newer/*; ln -sfn rescue-newer .rescue; mv -T .rescue rescue
        """);
}
