using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;

namespace Portal.Tests.Volumes;

/// <summary>What every driver of <see cref="IVolumeEngine"/> must do, besides what it must do with machines.</summary>
public abstract partial class VolumeEngineContract(EngineBench bench) : ComputeEngineContract(bench)
{
    [Fact]
    public async Task A_volume_is_made_once_and_grows_but_never_shrinks()
    {
        var volume = AVolume();
        Assert.Equal(new VolumeObservation(1, null), await MadeAsync(volume));
        await WriteAsync(null, volume, "kept");
        Assert.Equal(new VolumeObservation(1, null), await MadeAsync(volume));
        Assert.Equal(new VolumeObservation(3, null), await MadeAsync(volume with { SizeGiB = 3 }));
        Assert.Equal(new VolumeObservation(3, null), await MadeAsync(volume with { SizeGiB = 2 }));
        Assert.Equal("kept", await ReadAsync(null, volume));
        Assert.Single((await Volumes.ListVolumesAsync(Ct)).VolumeIds, volume.Id);
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
    }

    [Fact]
    public async Task A_child_of_an_image_grows_too()
    {
        var volume = AVolume() with { ImageFile = "tiny.qcow2" };
        await MadeAsync(volume);
        Assert.Equal(new VolumeObservation(2, null), await MadeAsync(volume with { SizeGiB = 2 }));
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
    }

    [Fact]
    public async Task Removing_a_volume_twice_is_success_and_leaves_nothing()
    {
        var volume = AVolume();
        await MadeAsync(volume);
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
        Assert.False((await Volumes.ObserveVolumeAsync(volume.Id, Ct)).Exists);
        Assert.DoesNotContain(volume.Id, (await Volumes.ListVolumesAsync(Ct)).VolumeIds);
    }

    [Fact]
    public async Task A_volume_of_an_unknown_image_is_rejected() =>
        await FailsAsync(EngineFault.Rejected, () => Volumes.EnsureVolumeAsync(AVolume() with { ImageFile = "nowhere.qcow2" }, Ct));

    [Fact]
    public async Task To_attach_takes_a_volume_and_a_machine_and_to_detach_takes_neither()
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await FailsAsync(EngineFault.Missing, () => Volumes.EnsureAttachedAsync(new(volume, "sdb"), machine.Id, Ct));
        await MadeAsync(volume);
        await FailsAsync(EngineFault.Missing, () => Volumes.EnsureAttachedAsync(new(volume, "sdb"), ResourceIds.New("i"), Ct));
        Assert.Null((await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId);
        Assert.Null((await Volumes.EnsureDetachedAsync(volume.Id, ResourceIds.New("i"), Ct)).InstanceId);
        Assert.False((await Volumes.EnsureDetachedAsync(ResourceIds.New("vol"), machine.Id, Ct)).Exists);
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
    }

    [Fact]
    public async Task A_running_guest_gets_a_volume_sees_it_grow_and_lets_go_of_it()
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await MadeAsync(volume);
        foreach (var _ in Enumerable.Range(0, 2))
        {
            Assert.Equal(new VolumeObservation(1, machine.Id), await AttachedAsync(new(volume, "sdb"), machine.Id));
        }

        Assert.Equal(machine.Id, (await Volumes.ListVolumesAsync(Ct)).Attached[volume.Id]);
        await UntilAsync(async () => await GuestSizeAsync(machine, volume) == 1);
        await WriteAsync(machine, volume, "written by the guest");
        await FailsAsync(EngineFault.Rejected, () => Volumes.RemoveVolumeAsync(volume.Id, Ct));

        Assert.Equal(new VolumeObservation(2, machine.Id), await MadeAsync(volume with { SizeGiB = 2 }));
        await UntilAsync(async () => await GuestSizeAsync(machine, volume) == 2);
        Assert.Equal("written by the guest", await ReadAsync(machine, volume));

        await UntilAsync(async () => (await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId is null);
        Assert.Null((await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId);
        await UntilAsync(async () => await GuestSizeAsync(machine, volume) == 0);
        Assert.Equal("written by the guest", await ReadAsync(null, volume));
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
    }

    [Fact]
    public async Task A_volume_belongs_to_one_machine_and_stays_with_one_that_is_off()
    {
        var (machine, other, volume) = (
            AMachine() with
            {
                Power = MachinePower.Off,
            },
            AMachine() with
            {
                Power = MachinePower.Off,
            },
            AVolume()
        );
        await DefineAsync(machine);
        await DefineAsync(other);
        await MadeAsync(volume);
        await AttachedAsync(new(volume, "sdb"), machine.Id);
        await FailsAsync(EngineFault.Rejected, () => Volumes.EnsureAttachedAsync(new(volume, "sdb"), other.Id, Ct));
        Assert.Equal(machine.Id, (await Volumes.ListVolumesAsync(Ct)).Attached[volume.Id]);
        Assert.Equal(new VolumeObservation(2, machine.Id), await MadeAsync(volume with { SizeGiB = 2 }));

        Assert.Null((await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId);
        Assert.Equal(other.Id, (await AttachedAsync(new(volume, "sdb"), other.Id)).InstanceId);
        await Engine.RemoveAsync(other, Ct);
        Assert.Equal(new VolumeObservation(2, null), await Volumes.ObserveVolumeAsync(volume.Id, Ct));
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
        await RemoveAllAsync(machine);
        await RemoveAllAsync(other);
    }

    [Fact]
    public async Task A_machine_starts_with_the_volumes_that_it_is_to_have()
    {
        var (machine, first, second) = (AMachine(), AVolume(), AVolume(2));
        await MadeAsync(first);
        await MadeAsync(second);
        await StartAsync(machine with { Volumes = [new(first, "sdb"), .. machine.Volumes] });
        await UntilAsync(async () => await GuestSizeAsync(machine, first) == 1);
        await WriteAsync(machine, first, "before the stop");
        await AttachedAsync(new(second, "sdc"), machine.Id);

        var both = machine with { Volumes = [.. machine.Volumes, new(first, "sdb"), new(second, "sdc")] };
        await UntilAsync(async () =>
            (await Engine.EnsureMachineAsync(both with { Power = MachinePower.Off, Force = true }, Ct)).Power is MachinePower.Off
        );
        await StartAsync(both);
        await UntilAsync(async () => await GuestSizeAsync(machine, first) == 1 && await GuestSizeAsync(machine, second) == 2);
        Assert.Equal("before the stop", await ReadAsync(machine, first));

        // The next start is without what it is no longer to have.
        await UntilAsync(async () =>
            (await Engine.EnsureMachineAsync(both with { Power = MachinePower.Off, Force = true }, Ct)).Power is MachinePower.Off
        );
        await DefineAsync(machine);
        Assert.Null((await Volumes.ObserveVolumeAsync(second.Id, Ct)).InstanceId);
        await RemoveAllAsync(both);
    }
}
