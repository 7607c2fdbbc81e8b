using System.Globalization;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Storage;

namespace Portal.Tests.Compute;

/// <summary>What a real guest had synced to a volume is on it, whatever happens while it writes.</summary>
public sealed partial class LibvirtEngineTests
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
        await UntilAsync(async () => await FaultOfAsync(() => Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)) is null
            && (await Volumes.EnsureDetachedAsync(volume.Id, machine.Id, Ct)).InstanceId is null);
        var (synced, sum) = await EndWritingAsync(machine);
        Assert.InRange(synced, 5, Chunks - 1);

        await AttachAsync(machine, volume, "sdb");
        Assert.Equal(sum, await SumAsync(machine, volume, synced));
        await DetachAndRemoveAsync(machine, volume);
    }

    /// <summary>
    /// QEMU may have opened the volume's file before libvirt wrote down that it asked for that: then the file stays locked, and the attachment waits for the
    /// next start of the machine. No byte is lost meanwhile, neither on that volume nor on the one that is being written to.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(25)]
    [InlineData(200)]
    public async Task What_a_guest_had_synced_outlives_the_death_of_libvirtd_in_the_middle_of_an_attachment(int milliseconds)
    {
        var (machine, written, other) = (AMachine(), AVolume(), AVolume());
        await StartAsync(machine);
        await AttachAsync(machine, written, "sdb");
        await Volumes.EnsureVolumeAsync(other, Ct);
        await WriteAsync(null, other, "written before");
        await BeginWritingAsync(machine, written);

        await DieDuringAsync(milliseconds, () => Volumes.EnsureAttachedAsync(new(other, "sdc"), machine.Id, Ct));
        await UntilAsync(async () => await FaultOfAsync(() => Engine.ObserveAsync(machine, Ct)) is null);
        var fault = await FaultOfAsync(() => Volumes.EnsureAttachedAsync(new(other, "sdc"), machine.Id, Ct));
        Assert.True(fault is null or EngineFault.Unavailable, $"The attachment ended with {fault}.");
        var synced = await SyncedAsync(machine);
        var sum = await real.SshAsync(machine, $"head -c {synced * Chunk} /tmp/source | sha256sum");

        var both = machine with { Volumes = [.. machine.Volumes, new(written, "sdb"), new(other, "sdc")] };
        await UntilAsync(async () => (await Engine.EnsureMachineAsync(both with { Power = MachinePower.Off, Force = true }, Ct)).Power is MachinePower.Off);
        await StartAsync(both);
        await UntilAsync(async () => await GuestSizeAsync(machine, written) == 1 && await GuestSizeAsync(machine, other) == 1);
        Assert.Equal(sum, await SumAsync(machine, written, synced));
        Assert.Equal("written before", await ReadAsync(machine, other));
        await RemoveAllAsync(both);
    }

    /// <summary>
    /// The guest copies chunks of random bytes to the volume, one by one, and counts those that are synced. It holds the device open: by its name it would
    /// go on in a file of that name once the device is gone.
    /// </summary>
    private async Task BeginWritingAsync(InstanceSpec machine, VolumeSpec volume)
    {
        await real.SshAsync(machine, $$"""
            rm -f /tmp/synced /tmp/ended; head -c {{Chunk * Chunks}} /dev/urandom > /tmp/source
            cat > /tmp/writer <<'EOF'
            exec 3<> {{PathOf(machine, volume)}}; n=0
            while [ $n -lt {{Chunks}} ] && dd if=/tmp/source bs={{Chunk}} skip=$n count=1 conv=fsync >&3; do n=$((n + 1)); echo $n > /tmp/synced.new; mv /tmp/synced.new /tmp/synced; done
            touch /tmp/ended
            EOF
            (sh /tmp/writer > /dev/null 2>&1 &)
            """);
        await UntilAsync(async () => await SyncedAsync(machine) >= 5);
    }

    private async Task<int> SyncedAsync(InstanceSpec machine) => int.Parse(await real.SshAsync(machine, "cat /tmp/synced 2> /dev/null || echo 0"), CultureInfo.InvariantCulture);

    /// <summary>How many chunks were synced before the volume went, and the checksum of them.</summary>
    private async Task<(int Synced, string Sum)> EndWritingAsync(InstanceSpec machine)
    {
        await UntilAsync(async () => await real.SshAsync(machine, "ls /tmp/ended 2> /dev/null || true") != "");
        var synced = await SyncedAsync(machine);
        var sum = await real.SshAsync(machine, $"head -c {synced * Chunk} /tmp/source | sha256sum");
        await real.SshAsync(machine, "rm /tmp/source");
        return (synced, sum);
    }

    private Task<string> SumAsync(InstanceSpec machine, VolumeSpec volume, int chunks) => real.SshAsync(machine, $"head -c {chunks * Chunk} {PathOf(machine, volume)} | sha256sum");

    /// <summary>Kills libvirtd so long after the call began, and starts it again. What comes of the call does not matter.</summary>
    private async Task DieDuringAsync(int milliseconds, Func<Task> call)
    {
        var pid = await PidAsync("libvirt/libvirtd.pid");
        var calling = FaultOfAsync(call);
        await Task.Delay(milliseconds, Ct);
        await TestEngine.RunAsync("kill", "-KILL", pid);
        var fault = await calling;
        Assert.True(fault is null or EngineFault.Unavailable, $"The call ended with {fault}.");
        await real.StartAsync();
    }
}
