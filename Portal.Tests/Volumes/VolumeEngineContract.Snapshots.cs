using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Volumes;

/// <summary>What every driver must do with snapshots.</summary>
public abstract partial class VolumeEngineContract
{
    [Fact]
    public async Task A_snapshot_and_its_volume_and_what_is_made_from_it_go_in_any_order()
    {
        var volume = AVolume();
        await MadeAsync(volume);
        await WriteAsync(null, volume, "as it was");
        var snapshot = await TakeAsync(volume);
        await WriteAsync(null, volume, "as it is");

        var first = AVolume() with { SnapshotId = snapshot.Id };
        Assert.Equal(new VolumeObservation(1, null), await MadeAsync(first));
        Assert.Equal("as it was", await ReadAsync(null, first));
        Assert.Equal("as it is", await ReadAsync(null, volume));
        await WriteAsync(null, first, "another life");
        await Volumes.RemoveVolumeAsync(volume.Id, Ct);

        var second = AVolume(3) with { SnapshotId = snapshot.Id };
        Assert.Equal(new VolumeObservation(3, null), await MadeAsync(second));
        await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
        await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
        Assert.DoesNotContain(snapshot.Id, await Volumes.ListSnapshotsAsync(Ct));
        Assert.Equal(["another life", "as it was"], [await ReadAsync(null, first), await ReadAsync(null, second)]);

        // Of what was made from a snapshot a snapshot can be taken, which needs neither.
        var again = await TakeAsync(second);
        await Volumes.RemoveVolumeAsync(second.Id, Ct);
        await Volumes.RemoveVolumeAsync(first.Id, Ct);
        var third = AVolume(3) with { SnapshotId = again.Id };
        await MadeAsync(third);
        Assert.Equal("as it was", await ReadAsync(null, third));
        await Volumes.RemoveVolumeAsync(third.Id, Ct);
        await Volumes.RemoveSnapshotAsync(again.Id, Ct);
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(1, 0, 2)]
    [InlineData(2, 1, 0)]
    public async Task Snapshots_of_one_volume_are_deleted_in_any_order_and_those_that_stay_are_whole(int first, int second, int last)
    {
        var volume = AVolume();
        await MadeAsync(volume);
        var taken = new List<SnapshotSpec>();
        foreach (var day in Enumerable.Range(0, 3))
        {
            await WriteAsync(null, volume, $"day {day}");
            taken.Add(await TakeAsync(volume));
        }

        await WriteAsync(null, volume, "today");
        var stay = new List<int> { 0, 1, 2 };
        foreach (var gone in new[] { first, second, last })
        {
            await Volumes.RemoveSnapshotAsync(taken[gone].Id, Ct);
            stay.Remove(gone);
            Assert.Equal(
                stay.Select(day => taken[day].Id).Order(StringComparer.Ordinal),
                (await Volumes.ListSnapshotsAsync(Ct)).Intersect(taken.Select(one => one.Id)).Order(StringComparer.Ordinal)
            );
            foreach (var day in stay)
            {
                var restored = AVolume() with { SnapshotId = taken[day].Id };
                await MadeAsync(restored);
                Assert.Equal($"day {day}", await ReadAsync(null, restored));
                await Volumes.RemoveVolumeAsync(restored.Id, Ct);
            }

            Assert.Equal("today", await ReadAsync(null, volume));
        }

        await Volumes.RemoveVolumeAsync(volume.Id, Ct);
    }

    [Fact]
    public async Task A_snapshot_of_nothing_is_missing_and_one_that_was_never_taken_is_restored_to_nothing()
    {
        await FailsAsync(
            EngineFault.Missing,
            () => Volumes.EnsureSnapshotAsync(new SnapshotSpec(ResourceIds.New("snap"), "acc-1", ResourceIds.New("vol")), Ct)
        );
        await FailsAsync(
            EngineFault.Rejected,
            () => Volumes.EnsureVolumeAsync(AVolume() with { SnapshotId = ResourceIds.New("snap") }, Ct)
        );
        await Volumes.RemoveSnapshotAsync(ResourceIds.New("snap"), Ct);
    }

    [Fact]
    public async Task A_snapshot_of_what_a_running_guest_writes_to_shows_one_moment_and_is_restored_into_the_same_guest()
    {
        var (machine, volume) = (await RunningMachineAsync(), AVolume());
        await MadeAsync(volume);
        await AttachedAsync(new(volume, "sdb"), machine.Id);
        await UntilAsync(async () => await GuestSizeAsync(machine, volume) == 1);
        await WriteAsync(machine, volume, "before");
        var snapshot = await TakeAsync(volume);
        Assert.Contains(snapshot.Id, await Volumes.ListSnapshotsAsync(Ct));
        await WriteAsync(machine, volume, "after");

        // Complete once is complete for ever.
        var seen = await Volumes.EnsureSnapshotAsync(snapshot, Ct);
        Assert.True(seen is { IsComplete: true, StoredBytes: > 0, TakenAt: not null });
        var restored = AVolume() with { SnapshotId = snapshot.Id };
        await MadeAsync(restored);
        await AttachedAsync(new(restored, "sdc"), machine.Id);
        await UntilAsync(async () => await GuestSizeAsync(machine, restored) == 1);
        Assert.Equal(["after", "before"], [await ReadAsync(machine, volume), await ReadAsync(machine, restored)]);
        foreach (var disk in new[] { volume, restored })
        {
            await UntilAsync(async () => (await Volumes.EnsureDetachedAsync(disk.Id, machine.Id, Ct)).InstanceId is null);
            await Volumes.RemoveVolumeAsync(disk.Id, Ct);
        }

        await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
    }

    [Fact]
    public async Task A_root_disk_that_runs_is_taken_too_and_another_machine_starts_from_it()
    {
        var machine = await RunningMachineAsync();
        await MarkDiskAsync(machine);
        var snapshot = await TakeAsync(machine.Volumes.Single(volume => volume.IsRoot).Volume);
        var other = AMachine();
        var root = other.Volumes.Single();
        other = other with { Volumes = [root with { Volume = root.Volume with { ImageFile = null, SnapshotId = snapshot.Id } }] };
        await StartAsync(other);
        Assert.True(await HasMarkAsync(other));
        await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
        await RemoveAllAsync(other);
    }
}
