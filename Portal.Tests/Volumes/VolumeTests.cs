using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Shared;

namespace Portal.Tests.Volumes;

/// <summary>What may be asked of a volume, and with which sentence it is refused.</summary>
public sealed class VolumeTests
{
    private static readonly DateTimeOffset Now = Tenant.Epoch;

    [Theory]
    [InlineData("1", 1)]
    [InlineData(" 2048 ", 2048)]
    [InlineData("0", null)]
    [InlineData("2049", null)]
    [InlineData("-5", null)]
    [InlineData("1.5", null)]
    [InlineData("1e3", null)]
    [InlineData("ten", null)]
    [InlineData("", null)]
    [InlineData("99999999999999999999", null)]
    [InlineData(null, null)]
    public void A_size_is_a_whole_number_of_GiB(string? typed, int? size)
    {
        var outcome = Volume.ParseSize(typed);
        Assert.Equal(
            (size ?? 0, size is null ? "A size is a whole number of GiB from 1 to 2,048." : null),
            (outcome.Value, outcome.Reason)
        );
    }

    [Fact]
    public void It_does_not_shrink_nor_grow_beyond_the_largest_nor_while_it_grows()
    {
        var volume = Available(8);
        Assert.Contains("cannot shrink", volume.RequestGrow(7, Now).Reason, StringComparison.Ordinal);
        Assert.Contains("8 GiB already", volume.RequestGrow(8, Now).Reason, StringComparison.Ordinal);
        Assert.Contains("at most 2,048", volume.RequestGrow(2049, Now).Reason, StringComparison.Ordinal);
        Assert.True(volume.RequestGrow(9, Now).IsDone);
        Assert.Equal("It is growing already.", volume.RequestGrow(10, Now).Reason);
    }

    [Fact]
    public void It_is_attached_once_and_neither_attached_again_nor_deleted_meanwhile()
    {
        var (volume, instance) = (Available(8), AnInstance());
        Assert.True(volume.RequestAttach(instance, "sdb", false, Now).IsDone);
        Assert.Equal("attaching", volume.Status);
        Assert.Equal("It is attached already: detach it first.", volume.RequestAttach(instance, "sdc", false, Now).Reason);
        Assert.Equal("An instance has it: detach it first.", volume.RequestDelete(Now).Reason);
        volume.ObserveAttached(Now);
        Assert.Equal(("in-use", "sdb", null), (volume.Status, volume.Device, volume.Deadline));
        Assert.Equal("An instance has it: detach it first.", volume.RequestDelete(Now).Reason);
        Assert.True(volume.RequestDetach(Now).IsDone);
        Assert.Equal("detaching", volume.Status);
        Assert.Contains("it is detaching", volume.RequestDetach(Now).Reason, StringComparison.Ordinal);
        volume.ObserveDetached();
        Assert.Equal(("available", null, null), (volume.Status, volume.Device, volume.InstanceId));
        Assert.True(volume.RequestDelete(Now).IsDone);
        Assert.Equal("It is deleting already.", volume.RequestDelete(Now).Reason);
    }

    [Fact]
    public void An_attachment_that_was_not_made_yet_can_be_taken_back()
    {
        var volume = Available(8);
        volume.RequestAttach(AnInstance(), "sdb", false, Now);
        Assert.True(volume.RequestDetach(Now).IsDone);
        Assert.True(volume.IsUnsettled);
        Assert.Equal("detaching", volume.Status);
    }

    [Fact]
    public void A_root_disk_is_neither_detached_nor_deleted_but_grows_and_may_stay()
    {
        var instance = AnInstance();
        var root = Volume.RootOf(instance, 4);
        root.ObserveMade(4);
        root.ObserveAttached(Now);
        Assert.False(root.IsUnsettled);
        Assert.Contains("root disk of its instance", root.RequestDetach(Now).Reason, StringComparison.Ordinal);
        Assert.Contains("goes when that is terminated", root.RequestDelete(Now).Reason, StringComparison.Ordinal);
        Assert.True(root.RequestGrow(6, Now).IsDone);
        Assert.True(root.SetDeleteOnTermination(false).IsDone);
        root.ObserveMade(6);
        root.ObserveInstanceGone(Now);
        Assert.Equal(("available", false, null), (root.Status, root.IsRoot, root.Deadline));
        Assert.Equal("No instance has it.", root.SetDeleteOnTermination(true).Reason);
    }

    [Fact]
    public void Nothing_is_attached_to_an_instance_that_goes_or_in_another_region()
    {
        var (volume, instance) = (Available(8), AnInstance());
        Assert.Contains(
            "in another region",
            volume.RequestAttach(AnInstance("elsewhere"), "sdb", false, Now).Reason,
            StringComparison.Ordinal
        );
        instance.RequestTerminate(Now);
        Assert.Contains("is shutting-down", volume.RequestAttach(instance, "sdb", false, Now).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_guest_finds_it_by_its_id()
    {
        var volume = Available(1, "vol-0123456789abcdef0");
        Assert.Equal("/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_vol0123456789abcdef0", volume.GuestPath);
        Assert.Equal(20, Volume.Serial(volume.Id).Length);
    }

    [Fact]
    public void Fifteen_volumes_have_places_besides_the_root_disk()
    {
        List<string?> taken = [Volume.RootDevice];
        for (var n = 0; n < VolumeDevices.Most; n++)
        {
            taken.Add(VolumeDevices.Free(taken).Value);
        }

        Assert.Equal(("sdb", "sdp"), (taken[1], taken[^1]));
        Assert.Equal("An instance has at most 15 volumes besides its root disk.", VolumeDevices.Free(taken).Reason);
        Assert.Equal("sdc", VolumeDevices.Free(taken.Where(place => place != "sdc")).Value);
    }

    [Fact]
    public void Every_state_has_a_name_that_the_list_can_be_filtered_by()
    {
        var spelled =
            from state in Enum.GetValues<VolumeState>()
            from goal in Enum.GetValues<VolumeGoal>()
            from held in new[] { true, false }
            select Volume.Spell(state, goal, held);
        Assert.Equal(Volume.Statuses.Order(StringComparer.Ordinal), spelled.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    private static Volume Available(int sizeGiB, string? id = null)
    {
        var volume = new Volume
        {
            Id = id ?? ResourceIds.New("vol"),
            AccountId = "acc-1",
            Name = "data",
            CreatedAt = Now,
            ProjectId = "",
            RegionId = "local",
            TypeId = VolumeType.Standard,
            SizeGiB = sizeGiB,
        }.Requested(Now);
        volume.ObserveMade(sizeGiB);
        return volume;
    }

    private static Instance AnInstance(string region = "local") =>
        new Instance
        {
            Id = ResourceIds.New("i"),
            AccountId = "acc-1",
            Name = "web",
            CreatedAt = Now,
            ProjectId = "",
            RegionId = region,
            ImageId = "",
            SizeId = "",
            Vcpus = 1,
            MemoryMiB = 512,
            NetworkId = "",
            Address = System.Net.IPAddress.Loopback,
            RequestToken = "",
            RequestIndex = 0,
        }.Requested(Now);
}
