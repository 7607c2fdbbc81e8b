using System.Globalization;
using Portal.Model.Compute;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>What stands between guests of one host.</summary>
public sealed partial class LibvirtEngineTests
{
    /// <summary>
    /// Whatever somebody might make a guest's QEMU do: as its user, in its mount namespace, every file, folder and socket of the engine is tried, and those of others' processes.
    /// </summary>
    [Fact]
    public async Task A_guests_user_opens_its_own_files_and_nothing_of_another_guest_or_of_the_host()
    {
        var (source, guest) = (AVolume(), await RunningMachineAsync());
        await Volumes.EnsureVolumeAsync(source, Ct);
        var snapshot = await TakeAsync(source);
        var other = AMachine(host: 44);
        other = other with { Volumes = [.. other.Volumes, new(AVolume() with { SnapshotId = snapshot.Id }, "sdb")], UserData = "#!/bin/sh\n: a secret" };
        await DefineAsync(other);

        var (pid, others) = (await real.QemuAsync(guest.Id), await real.QemuAsync(other.Id));
        var (uid, another) = (await UidAsync(pid), await UidAsync(others));
        Assert.True(real.Settings.IsGuestsOwn(uid) && real.Settings.IsGuestsOwn(another) && uid != another, $"They run as {uid} and {another}.");

        var tried = (await TestEngine.RunAsync("nsenter", "-t", pid, "-m", "find", "/var/lib/libvirt", "/run/libvirt", "/etc/libvirt", "/var/log/libvirt", "/var/cache/libvirt", real.Folder, real.Settings.Run)).Split('\n');
        string[] processes = [others, await PidAsync("libvirt/libvirtd.pid"), $"{Environment.ProcessId}"];
        tried = [.. tried, .. processes.SelectMany(process => new[] { $"/proc/{process}/mem", $"/proc/{process}/environ", $"/proc/{process}/fd", $"/proc/{process}/root/" })];
        Assert.Contains($"/run/libvirt/guests/{other.Id}/serial", tried);
        Assert.Contains($"/var/lib/libvirt/guests/{other.Id}/seed.iso", tried);
        Assert.Contains($"/var/lib/libvirt/guests/{other.Id}/serial.log", tried);
        Assert.Contains($"/var/lib/libvirt/snapshots/{snapshot.Id}.qcow2", tried);
        Assert.Contains(tried, path => path.Contains("/org.qemu.guest_agent.0", StringComparison.Ordinal) && path.Contains(other.Id[..15], StringComparison.Ordinal));

        var root = $"/var/lib/libvirt/volumes/{guest.Volumes[0].Volume.Id}.qcow2";
        var opened = await OpenedAsync(pid, uid, tried);
        Assert.Contains(root, opened);
        Assert.Contains($"/var/lib/libvirt/guests/{guest.Id}/seed.iso", opened);
        Assert.All(opened.Where(path => path != root && !path.Contains(guest.Id[..15], StringComparison.Ordinal)), path => Assert.Contains("/images", path, StringComparison.Ordinal));

        // Its image can be read, and written to by nobody.
        var written = await OpenedAsync(pid, uid, tried, "-w");
        Assert.DoesNotContain(written, path => path.Contains("/images", StringComparison.Ordinal) || path.Contains($"/guests/{guest.Id}/", StringComparison.Ordinal));

        await RemoveAllAsync(other);
        Assert.DoesNotContain($"{another}", Directory.GetFileSystemEntries(Path.Combine(real.Folder, "engine", "uids")).Select(Path.GetFileName));
        await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
        await Volumes.RemoveVolumeAsync(source.Id, Ct);
    }

    /// <summary>Across an upgrade a machine runs on as the user that all shared; everything goes on working with it until it stops.</summary>
    [Fact]
    public async Task A_guest_from_before_each_had_a_user_of_its_own_is_counted_and_gets_it_at_its_next_start()
    {
        var (machine, volume) = (AMachine(host: 45) with { Power = MachinePower.Off }, AVolume());
        await DefineAsync(machine);
        var root = machine.Volumes[0].Volume.Id;
        var own = OwnerOf(root);
        var before = (await Engine.CapacityAsync(Ct)).GuestsWaiting;
        await StartAsSharedUserAsync(machine, own);

        Assert.Equal(before + 1, (await Engine.CapacityAsync(Ct)).GuestsWaiting);
        await Volumes.EnsureVolumeAsync(volume, Ct);
        Assert.Equal(0, OwnerOf(volume.Id));
        await Volumes.EnsureAttachedAsync(new(volume, "sdb"), machine.Id, Ct);
        Assert.Equal(real.Settings.SharedUid, OwnerOf(volume.Id));

        var both = machine with { Volumes = [.. machine.Volumes, new(volume, "sdb")] };
        Assert.Equal(MachinePower.Off, (await Engine.EnsureMachineAsync(both with { Force = true }, Ct)).Power);
        await Engine.EnsureMachineAsync(both with { Power = MachinePower.Running }, Ct);
        Assert.Equal(before, (await Engine.CapacityAsync(Ct)).GuestsWaiting);
        Assert.Equal([own, own, own], [await UidAsync(await real.QemuAsync(machine.Id)), OwnerOf(root), OwnerOf(volume.Id)]);

        Assert.Equal(MachinePower.Off, (await Engine.EnsureMachineAsync(both with { Force = true }, Ct)).Power);
        Assert.Null((await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId);
        Assert.Equal([own, 0], [OwnerOf(root), OwnerOf(volume.Id)]);
        await RemoveAllAsync(both);
    }

    [Fact]
    public async Task A_guest_has_its_shares_of_the_processors_and_a_limit_of_memory_where_the_host_has_control_groups()
    {
        var machine = AMachine(host: 46) with { Vcpus = 2 };
        await DefineAsync(machine);
        var settings = real.Settings;
        Assert.Equal(settings.HasWall(GuestWalls.Processor), (await real.VirshAsync("schedinfo", machine.Id)).Split('\n').Any(line => line.StartsWith("cpu_shares", StringComparison.Ordinal) && line.EndsWith(" 200", StringComparison.Ordinal)));
        Assert.Equal(settings.HasWall(GuestWalls.Memory), !(await real.VirshAsync("memtune", machine.Id)).Split('\n')[0].EndsWith("unlimited", StringComparison.Ordinal));
        Assert.Equal(settings.HasWall("processes"), (await File.ReadAllLinesAsync($"/proc/{await real.QemuAsync(machine.Id)}/limits", Ct)).Any(line => line.StartsWith("Max processes             500 ", StringComparison.Ordinal)));
        await RemoveAllAsync(machine);
    }

    private static async Task<int> UidAsync(string pid) =>
        int.Parse((await File.ReadAllLinesAsync($"/proc/{pid}/status", Ct)).Single(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1], CultureInfo.InvariantCulture);

    private int? OwnerOf(string volumeId) => Libc.OwnerOf(Path.Combine(real.Folder, "engine", "lib", "volumes", $"{volumeId}.qcow2"));

    /// <summary>Which of the paths the user may read or write. A socket takes connections of those who may write.</summary>
    private async Task<string[]> OpenedAsync(string pid, int uid, string[] paths, string? test = null)
    {
        var list = Path.Combine("/tmp", $"portal-paths-{Guid.NewGuid():N}");
        await File.WriteAllLinesAsync(list, paths, Ct);
        try
        {
            var condition = test is null ? "[ -r \"$path\" ] || [ -w \"$path\" ]" : $"[ {test} \"$path\" ]";
            return (await TestEngine.RunAsync("nsenter", "-t", pid, "-m", "setpriv", $"--reuid={uid}", $"--regid={uid}", "--clear-groups", "sh", "-c",
                $"while IFS= read -r path; do if {condition}; then printf '%s\\n' \"$path\"; fi; done < {list}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(list);
        }
    }

    /// <summary>As an earlier version defined and started it.</summary>
    private async Task StartAsSharedUserAsync(InstanceSpec machine, int? own)
    {
        var (shared, guest) = ($"{real.Settings.SharedUid}", Path.Combine(real.Folder, "engine", "lib", "guests", machine.Id));
        var file = Path.Combine(real.Folder, $"{machine.Id}.xml");
        await File.WriteAllTextAsync(file, (await real.VirshAsync("dumpxml", "--inactive", machine.Id)).Replace($"+{own}", $"+{shared}", StringComparison.Ordinal), Ct);
        await TestEngine.RunAsync("chown", shared, Path.Combine(real.Folder, "engine", "lib", "volumes", $"{machine.Volumes[0].Volume.Id}.qcow2"), Path.Combine(guest, "seed.iso"));
        await TestEngine.RunAsync("chmod", "711", guest);
        await real.VirshAsync("define", file);
        await real.VirshAsync("start", machine.Id);
    }
}
