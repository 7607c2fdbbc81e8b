using System.Globalization;
using System.Text.Json;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Compute;

/// <summary>What a real guest had synced to a volume is on it, whatever happens while it writes.</summary>
[Collection(SecondEngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class LibvirtDurabilityTests(TestEngine engine) : LibvirtSteps(engine)
{
    private const int Chunk = 4096;

    /// <summary>More than any guest writes while it is being disturbed: one synced chunk takes it some milliseconds.</summary>
    private const int Chunks = 8192;

    [Fact]
    public async Task What_a_guest_had_synced_when_a_volume_was_detached_while_it_wrote_is_on_the_volume()
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await AttachAsync(machine, volume, "sdb");
        await BeginWritingAsync(machine, volume);
        await UntilAsync(async () => (await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId is null);
        await UntilAsync(async () => await GuestSizeAsync(machine, volume) == 0);
        var (synced, sum) = await EndWritingAsync(machine);
        Assert.InRange(synced, 5, Chunks - 1);

        await AttachAsync(machine, volume, "sdb");
        Assert.Equal(sum, await SumAsync(machine, volume, synced));
        await DetachAndRemoveAsync(machine, volume);
    }

    /// <summary>At moments from before the engine has read the request to after it has answered.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(25)]
    [InlineData(200)]
    public async Task What_a_guest_had_synced_outlives_the_death_of_libvirtd_in_the_middle_of_a_growth_and_a_detachment(int milliseconds)
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await AttachAsync(machine, volume, "sdb");
        await BeginWritingAsync(machine, volume);

        await DieDuringAsync(milliseconds, () => Volumes.EnsureVolumeAsync(volume with { SizeGiB = 2 }, Ct));
        await UntilAsync(async () => await FaultOfAsync(() => Volumes.EnsureVolumeAsync(volume with { SizeGiB = 2 }, Ct)) is null);
        await UntilAsync(async () => await GuestSizeAsync(machine, volume) == 2);

        await DieDuringAsync(milliseconds, () => Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct));
        await UntilAsync(async () =>
            await FaultOfAsync(() => Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)) is null
            && (await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId is null
        );
        var (synced, sum) = await EndWritingAsync(machine);
        Assert.InRange(synced, 5, Chunks - 1);

        await AttachAsync(machine, volume, "sdb");
        Assert.Equal(sum, await SumAsync(machine, volume, synced));
        await DetachAndRemoveAsync(machine, volume);
    }

    /// <summary>
    /// QEMU may have opened the volume's file before libvirt wrote down that it asked for that. The next attempt makes it let go; no byte
    /// is lost, neither on that volume nor on the one that is being written to. In the end the machine's power is cut, and another guest
    /// looks at what is on them.
    /// </summary>
    [Fact]
    public async Task What_a_guest_had_synced_outlives_the_death_of_libvirtd_in_the_middle_of_an_attachment()
    {
        var (machine, reader) = (await StartAsync(AMachine(host: 48)), await RunningMachineAsync());
        var kept = new List<(VolumeSpec Written, VolumeSpec Other, int Synced, string Sum)>();
        foreach (var (place, milliseconds) in new[] { 0, 25, 200 }.Index())
        {
            var (written, other, device) = (AVolume(), AVolume(), $"sd{(char)('c' + (2 * place))}");
            await AttachAsync(machine, written, $"sd{(char)('b' + (2 * place))}");
            await Volumes.EnsureVolumeAsync(other, Ct);
            await WriteAsync(null, other, "written before");
            await BeginWritingAsync(machine, written);

            await DieDuringAsync(milliseconds, () => Volumes.EnsureAttachedAsync(new(other, device), machine.Id, Ct));
            await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is null);
            await UntilAsync(async () => await FaultOfAsync(() => Volumes.EnsureAttachedAsync(new(other, device), machine.Id, Ct)) is null);
            await UntilAsync(async () => await GuestSizeAsync(machine, other) == 1);
            Assert.Equal("written before", await ReadAsync(machine, other));
            var synced = await SyncedAsync(machine);
            kept.Add((written, other, synced, await Real.SshAsync(machine, $"head -c {synced * Chunk} /tmp/source | sha256sum")));
            await Real.SshAsync(machine, "kill $(cat /tmp/writer.pid); rm /tmp/source");
        }

        var all = machine with
        {
            Volumes =
            [
                .. machine.Volumes,
                .. kept.SelectMany(
                    (one, place) =>
                        new VolumeAttachment[]
                        {
                            new(one.Written, $"sd{(char)('b' + (2 * place))}"),
                            new(one.Other, $"sd{(char)('c' + (2 * place))}"),
                        }
                ),
            ],
        };
        await UntilAsync(async () =>
            (await Engine.EnsureMachineAsync(all with { Power = MachinePower.Off, Force = true }, Ct)).Power is MachinePower.Off
        );
        foreach (var (written, other, synced, sum) in kept)
        {
            Assert.Null((await Volumes.EnsureDetachedAsync(written.Id, machine.Id, Ct)).InstanceId);
            Assert.Null((await Volumes.EnsureDetachedAsync(other.Id, machine.Id, Ct)).InstanceId);
            await AttachAsync(reader, written, "sdb");
            Assert.Equal(sum, await SumAsync(reader, written, synced));
            Assert.Equal("written before", await ReadAsync(null, other));
            await DetachAndRemoveAsync(reader, written);
            await Volumes.RemoveVolumeAsync(other.Id, Ct);
        }

        await RemoveAllAsync(machine);
    }

    /// <summary>
    /// The kills come at each moment of an attachment. Whatever QEMU and libvirtd had of it by then, the next attempt completes it, without
    /// a restart of the machine; and so it is with one that is given up instead.
    /// </summary>
    [Fact]
    public async Task An_attachment_that_libvirtd_died_in_is_completed_or_given_up_at_once()
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await Volumes.EnsureVolumeAsync(volume, Ct);
        await WriteAsync(null, volume, "written before");
        foreach (var moment in Enumerable.Range(1, 12))
        {
            await DieDuringAsync(5 * moment, () => Volumes.EnsureAttachedAsync(new(volume, "sdd"), machine.Id, Ct));
            await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is null);
            if (moment % 3 > 0)
            {
                await UntilAsync(async () =>
                    await FaultOfAsync(() => Volumes.EnsureAttachedAsync(new(volume, "sdd"), machine.Id, Ct)) is null
                );
                await UntilAsync(async () => await GuestSizeAsync(machine, volume) == 1);
                Assert.Equal("written before", await ReadAsync(machine, volume));
            }

            await UntilAsync(async () =>
                await FaultOfAsync(() => Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)) is null
                && (await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId is null
            );
            await UntilAsync(async () => await GuestSizeAsync(machine, volume) == 0);
            Assert.Equal("written before", await ReadAsync(null, volume));
        }

        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
    }

    /// <summary>Exactly what QEMU is left with: the file opened, or made a disk of the guest's, and no word of it in libvirt.</summary>
    [Theory]
    [InlineData(false, "attach")]
    [InlineData(true, "attach")]
    [InlineData(false, "detach")]
    [InlineData(true, "detach")]
    [InlineData(true, "grow")]
    [InlineData(true, "snapshot")]
    public async Task What_QEMU_holds_of_a_volume_without_libvirts_knowledge_stands_in_the_way_of_nothing(bool asDisk, string verb)
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await Volumes.EnsureVolumeAsync(volume, Ct);
        await WriteAsync(null, volume, "written before");
        var file = $"/var/lib/libvirt/volumes/{volume.Id}.qcow2";

        // The file is given to the guest before QEMU is asked to open it.
        var uid = $"{await UidAsync(await Real.QemuAsync(machine.Id))}";
        await TestEngine.RunAsync("chown", $"{uid}:{uid}", Path.Combine(Real.Folder, "engine", "lib", "volumes", $"{volume.Id}.qcow2"));
        await MonitorAsync(
            machine,
            $$$"""{"execute": "blockdev-add", "arguments": {"driver": "file", "filename": "{{{file}}}", "node-name": "libvirt-901-storage", "auto-read-only": true, "discard": "unmap"}}"""
        );
        await MonitorAsync(
            machine,
            """{"execute": "blockdev-add", "arguments": {"driver": "qcow2", "file": "libvirt-901-storage", "node-name": "libvirt-901-format", "read-only": false, "discard": "unmap", "backing": null}}"""
        );
        if (asDisk)
        {
            await MonitorAsync(
                machine,
                """{"execute": "device_add", "arguments": {"driver": "scsi-hd", "bus": "scsi0.0", "channel": 0, "scsi-id": 0, "lun": 3, "drive": "libvirt-901-format", "id": "scsi0-0-0-3"}}"""
            );
        }

        switch (verb)
        {
            case "detach":
                await UntilAsync(async () => await FaultOfAsync(() => Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)) is null);
                Assert.Null((await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId);
                Assert.Equal("written before", await ReadAsync(null, volume));
                break;
            case "grow":
                await UntilAsync(async () => await FaultOfAsync(() => Volumes.EnsureVolumeAsync(volume with { SizeGiB = 2 }, Ct)) is null);
                Assert.Equal(2, (await Volumes.ObserveVolumeAsync(volume.Id, Ct)).SizeGiB);
                break;
            case "snapshot":
                var snapshot = new SnapshotSpec(ResourceIds.New("snap"), volume.AccountId, volume.Id);
                await UntilAsync(async () => await FaultOfAsync(() => Volumes.EnsureSnapshotAsync(snapshot, Ct)) is null);
                Assert.True((await Volumes.EnsureSnapshotAsync(snapshot, Ct)).IsComplete);
                await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
                break;
        }

        await UntilAsync(async () => await FaultOfAsync(() => Volumes.EnsureAttachedAsync(new(volume, "sdd"), machine.Id, Ct)) is null);

        // For a moment the guest may still go by the disk that QEMU had had by itself, and that is gone.
        await UntilAsync(async () =>
            (await Real.SshAsync(machine, $"dd if={PathOf(machine, volume)} bs=512 count=1 2> /dev/null || true")).TrimEnd(' ', '\0')
                is "written before"
        );
        await DetachAndRemoveAsync(machine, volume);
        Assert.DoesNotContain(
            volume.Id,
            await MonitorAsync(machine, """{"execute": "query-named-block-nodes"}"""),
            StringComparison.Ordinal
        );
    }

    /// <summary>
    /// libvirt counts on from what it had written down, and comes to a name that is taken; by another volume's remains, e.g.
    /// </summary>
    [Fact]
    public async Task A_name_that_QEMU_has_already_is_no_reason_to_refuse_an_attachment()
    {
        var (machine, first, second) = (await RunningMachineAsync(), AVolume(), AVolume());
        await AttachAsync(machine, first, "sdd");
        var nodes = JsonSerializer
            .Deserialize<JsonElement>(await MonitorAsync(machine, """{"execute": "query-named-block-nodes"}"""))
            .GetProperty("return")
            .EnumerateArray();
        var name = nodes
            .First(node => node.GetProperty("file").GetString()!.Contains(first.Id, StringComparison.Ordinal))
            .GetProperty("node-name")
            .GetString()!;
        var taken = $"libvirt-{int.Parse(name.Split('-')[1], CultureInfo.InvariantCulture) + 1}-storage";
        await MonitorAsync(machine, $$$"""{"execute": "blockdev-add", "arguments": {"driver": "null-co", "node-name": "{{{taken}}}"}}""");
        await Volumes.EnsureVolumeAsync(second, Ct);
        Assert.Equal(EngineFault.Unavailable, await FaultOfAsync(() => Volumes.EnsureAttachedAsync(new(second, "sde"), machine.Id, Ct)));
        await AttachAsync(machine, second, "sde");
        await MonitorAsync(machine, $$$"""{"execute": "blockdev-del", "arguments": {"node-name": "{{{taken}}}"}}""");
        await DetachAndRemoveAsync(machine, first);
        await DetachAndRemoveAsync(machine, second);
    }

    private async Task<string> MonitorAsync(InstanceSpec machine, string command)
    {
        var answer = await TestEngine.RunAsync(
            "virsh",
            "-q",
            "-c",
            $"qemu+unix:///system?socket={Real.Settings.LibvirtSocket}",
            "qemu-monitor-command",
            machine.Id,
            command
        );
        Assert.DoesNotContain("\"error\"", answer, StringComparison.Ordinal);
        return answer;
    }

    /// <summary>
    /// The guest copies chunks of random bytes to the volume, one by one, and counts those that are synced. It holds the device open: by
    /// its name it would go on in a file of that name once the device is gone.
    /// </summary>
    private async Task BeginWritingAsync(InstanceSpec machine, VolumeSpec volume)
    {
        await Real.SshAsync(
            machine,
            $$"""
            rm -f /tmp/synced /tmp/synced.new /tmp/ended; head -c {{Chunk * Chunks}} /dev/urandom > /tmp/source
            cat > /tmp/writer <<'EOF'
            exec 3<> {{PathOf(machine, volume)}}; n=0
            while [ $n -lt {{Chunks}} ] && dd if=/tmp/source bs={{Chunk}} skip=$n count=1 conv=fsync >&3; do n=$((n + 1)); echo $n > /tmp/synced.new; mv /tmp/synced.new /tmp/synced; done
            touch /tmp/ended
            EOF
            (sh /tmp/writer > /dev/null 2>&1 & echo $! > /tmp/writer.pid)
            """
        );
        await UntilAsync(async () => await SyncedAsync(machine) >= 5);
    }

    private async Task<int> SyncedAsync(InstanceSpec machine) =>
        int.Parse(await Real.SshAsync(machine, "cat /tmp/synced 2> /dev/null || echo 0"), CultureInfo.InvariantCulture);

    /// <summary>How many chunks were synced before the volume went, and the checksum of them.</summary>
    private async Task<(int Synced, string Sum)> EndWritingAsync(InstanceSpec machine)
    {
        await UntilAsync(async () => await Real.SshAsync(machine, "ls /tmp/ended 2> /dev/null || true") != "");
        var synced = await SyncedAsync(machine);
        var sum = await Real.SshAsync(machine, $"head -c {synced * Chunk} /tmp/source | sha256sum");
        await Real.SshAsync(machine, "rm /tmp/source");
        return (synced, sum);
    }

    private Task<string> SumAsync(InstanceSpec machine, VolumeSpec volume, int chunks) =>
        Real.SshAsync(machine, $"head -c {chunks * Chunk} {PathOf(machine, volume)} | sha256sum");

    /// <summary>Kills libvirtd so long after the call began, and starts it again. What comes of the call does not matter.</summary>
    private async Task DieDuringAsync(int milliseconds, Func<Task> call)
    {
        var pid = await PidAsync("libvirt/libvirtd.pid");
        var calling = FaultOfAsync(call);
        await Task.Delay(milliseconds, Ct);
        await TestEngine.RunAsync("kill", "-KILL", pid);
        var fault = await calling;
        Assert.True(fault is null or EngineFault.Unavailable, $"The call ended with {fault}.");
        await Real.StartAsync();
    }
}
