using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Compute;

/// <summary>Snapshots of real guests' real bytes.</summary>
[Collection(EngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class LibvirtSnapshotTests(TestEngine engine) : LibvirtSteps(engine)
{
    [Fact]
    public async Task What_a_guest_wrote_has_the_same_checksum_after_its_volume_is_deleted_and_restored()
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await AttachAsync(machine, volume, "sdb");
        var written = await Real.SshAsync(
            machine,
            $"dd if=/dev/urandom of={PathOf(machine, volume)} bs=1M count=16 conv=fsync 2> /dev/null; {SumOf(machine, volume)}"
        );

        // The guest goes on writing while the copy is made.
        await Real.SshAsync(
            machine,
            $"(while [ ! -e /tmp/enough ]; do dd if=/dev/zero of={PathOf(machine, volume)} bs=1M seek=32 count=4 conv=notrunc,fsync 2> /dev/null; done) > /dev/null 2>&1 &"
        );
        var snapshot = await TakeAsync(volume);
        await Real.SshAsync(
            machine,
            $"touch /tmp/enough; sleep 1; dd if=/dev/zero of={PathOf(machine, volume)} bs=1M count=16 conv=notrunc,fsync 2> /dev/null"
        );
        Assert.NotEqual(written, await Real.SshAsync(machine, SumOf(machine, volume)));
        await DetachAndRemoveAsync(machine, volume);

        var restored = AVolume() with { SnapshotId = snapshot.Id };
        await AttachAsync(machine, restored, "sdb");
        Assert.Equal(written, await Real.SshAsync(machine, SumOf(machine, restored)));
        await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
        Assert.Equal(written, await Real.SshAsync(machine, "echo 3 > /proc/sys/vm/drop_caches; " + SumOf(machine, restored)));
        await DetachAndRemoveAsync(machine, restored);
    }

    [Fact]
    public async Task A_guest_whose_agent_answers_is_quiet_when_the_snapshot_is_taken_and_writes_again_after()
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await AttachAsync(machine, volume, "sdb");
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
        var snapshot = await TakeAsync(volume);
        Assert.True((await Volumes.EnsureSnapshotAsync(snapshot, Ct)).Quiesced);
        await MarkDiskAsync(machine);
        Assert.True(await HasMarkAsync(machine));

        await Real.SshAsync(machine, "killall qemu-ga");
        await UntilAsync(async () => !(await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
        var another = await TakeAsync(volume);
        Assert.False((await Volumes.EnsureSnapshotAsync(another, Ct)).Quiesced);
        await Real.SshAsync(machine, "DEVNAME=$(basename $(readlink /dev/virtio-ports/org.qemu.guest_agent.0)) /etc/init.d/agent");
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
        await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
        await Volumes.RemoveSnapshotAsync(another.Id, Ct);
        await DetachAndRemoveAsync(machine, volume);
    }

    [Fact]
    public async Task A_copy_under_way_when_libvirtd_or_the_guest_ends_is_completed_all_the_same()
    {
        var volume = AVolume();
        var machine = AMachine();
        await StartAsync(machine);
        await AttachAsync(machine, volume, "sdb");
        var written = await Real.SshAsync(
            machine,
            $"dd if=/dev/urandom of={PathOf(machine, volume)} bs=1M count=16 conv=fsync 2> /dev/null; {SumOf(machine, volume)}"
        );

        // So much that the copy is under way for certain when libvirtd is killed.
        await Real.SshAsync(machine, $"dd if=/dev/zero of={PathOf(machine, volume)} bs=1M count=240 seek=16 conv=fsync 2> /dev/null");
        var first = new SnapshotSpec(ResourceIds.New("snap"), volume.AccountId, volume.Id);
        await Volumes.EnsureSnapshotAsync(first, Ct);
        await TestEngine.RunAsync("kill", "-KILL", await PidAsync("libvirt/libvirtd.pid"));
        await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is EngineFault.Unavailable);
        await Real.StartAsync();
        await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is null);
        await UntilAsync(async () => (await EnsureAsync(first))?.IsComplete is true);

        var second = new SnapshotSpec(ResourceIds.New("snap"), volume.AccountId, volume.Id);
        await UntilAsync(async () => await EnsureAsync(second) is not null);
        await UntilAsync(async () =>
            (
                await Engine.EnsureMachineAsync(
                    machine with
                    {
                        Power = MachinePower.Off,
                        Force = true,
                        Volumes = [.. machine.Volumes, new(volume, "sdb")],
                    },
                    Ct
                )
            ).Power is MachinePower.Off
        );
        await UntilAsync(async () => (await EnsureAsync(second))?.IsComplete is true);

        var both = new[] { AVolume() with { SnapshotId = first.Id }, AVolume() with { SnapshotId = second.Id } };
        // Looked at by another guest, which runs.
        var reader = await RunningMachineAsync();
        await AttachAsync(reader, both[0], "sdb");
        await AttachAsync(reader, both[1], "sdc");
        Assert.Equal(
            [written, written],
            [await Real.SshAsync(reader, SumOf(reader, both[0])), await Real.SshAsync(reader, SumOf(reader, both[1]))]
        );
        await Volumes.RemoveSnapshotAsync(first.Id, Ct);
        await Volumes.RemoveSnapshotAsync(second.Id, Ct);
        await DetachAndRemoveAsync(reader, both[0]);
        await DetachAndRemoveAsync(reader, both[1]);
        await RemoveAllAsync(machine with { Volumes = [.. machine.Volumes, new(volume, "sdb")] });
    }

    /// <summary>
    /// The kills come closer and closer to the end of a small copy, and beyond it: libvirtd then forgets how it ended, but not that there
    /// was one.
    /// </summary>
    [Fact]
    public async Task A_copy_that_ends_in_the_moment_in_which_libvirtd_dies_leaves_the_machine_free_for_the_next()
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await AttachAsync(machine, volume, "sdb");
        await Real.SshAsync(machine, $"dd if=/dev/urandom of={PathOf(machine, volume)} bs=1M count=16 conv=fsync 2> /dev/null");
        foreach (var moment in Enumerable.Range(4, 10))
        {
            var snapshot = new SnapshotSpec(ResourceIds.New("snap"), volume.AccountId, volume.Id);
            var pid = await PidAsync("libvirt/libvirtd.pid");
            await UntilAsync(async () => await EnsureAsync(snapshot) is not null);
            await Task.Delay(4 * moment, Ct); // chooses the moment; nothing is waited for
            await TestEngine.RunAsync("kill", "-KILL", pid);
            await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is EngineFault.Unavailable);
            await Real.StartAsync();
            await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is null);
            await UntilAsync(async () => (await EnsureAsync(snapshot))?.IsComplete is true);
            await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
        }

        await DetachAndRemoveAsync(machine, volume);
    }

    [Fact]
    public async Task A_copy_can_be_broken_off_and_leaves_nothing()
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await AttachAsync(machine, volume, "sdb");
        var snapshot = new SnapshotSpec(ResourceIds.New("snap"), volume.AccountId, volume.Id);
        await Volumes.EnsureSnapshotAsync(snapshot, Ct);
        await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
        Assert.Empty(Directory.GetFiles(Path.Combine(Real.Folder, "engine", "lib", "snapshots"), $"*{snapshot.Id}*"));
        await DetachAndRemoveAsync(machine, volume);
    }

    /// <summary>Null where a connection that ended with libvirtd is found to have ended; the job does it again.</summary>
    private async Task<SnapshotObservation?> EnsureAsync(SnapshotSpec snapshot)
    {
        try
        {
            return await Volumes.EnsureSnapshotAsync(snapshot, Ct);
        }
        catch (EngineException away) when (away.Fault is EngineFault.Unavailable)
        {
            return null;
        }
    }

    private static string SumOf(InstanceSpec machine, VolumeSpec volume) =>
        $"dd if={PathOf(machine, volume)} bs=1M count=16 2> /dev/null | sha256sum";
}
