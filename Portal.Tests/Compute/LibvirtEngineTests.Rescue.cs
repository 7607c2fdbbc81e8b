using Portal.Model.Compute;

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
}
