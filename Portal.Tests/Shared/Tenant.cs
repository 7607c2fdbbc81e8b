using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Shared;

/// <summary>A customer as the tests need one: the account and what signing up makes for it, and instances as just asked for.</summary>
public sealed record Tenant(Account Account, Project Project, Network Network, Subnet Subnet, SecurityGroup Group)
{
    public static readonly DateTimeOffset Epoch = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private int instances;

    public static async Task<Tenant> AddAsync(PortalDb db, string name = "Ada")
    {
        var account = new Account
        {
            Id = ResourceIds.New("acc"),
            Name = name,
            CreatedAt = Epoch,
        };
        var project = new Project
        {
            Id = ResourceIds.New("prj"),
            AccountId = account.Id,
            Name = "default",
            CreatedAt = Epoch,
        };
        var network = DefaultNetwork.For(project, Epoch);
        var group = DefaultNetwork.GroupOf(network, Epoch);
        db.AddRange(account, project, network, group);
        await db.SaveChangesAsync();
        return new Tenant(account, project, network, network.Subnets.Single(), group);
    }

    /// <summary>An instance just asked for: pending, wanted running.</summary>
    public async Task<Instance> RequestAsync(PortalDb db, DateTimeOffset? at = null)
    {
        var number = Interlocked.Increment(ref instances);
        var instance = new Instance
        {
            Id = ResourceIds.New("i"),
            AccountId = Account.Id,
            Name = $"machine-{number}",
            CreatedAt = at ?? Epoch,
            ProjectId = Project.Id,
            RegionId = "local",
            ImageId = "ami-00000000000000001",
            SizeId = "t1.nano",
            Vcpus = 1,
            MemoryMiB = 512,
            NetworkId = Network.Id,
            Address = Subnet.AddressAt(10 + (number % 240)),
            PublicPort = await db.Instances.MaxAsync(other => other.PublicPort) + 1 ?? 22000,
            RequestToken = ResourceIds.New("token"),
            RequestIndex = 0,
        };
        instance.Interfaces.Add(Interface(instance));
        instance.Volumes.Add(Volume.RootOf(instance, 4));
        db.Instances.Add(instance);
        await db.SaveChangesAsync();
        return instance;
    }

    /// <summary>A volume just asked for, on its own.</summary>
    public Volume AVolume(int sizeGiB, DateTimeOffset at, string name = "data", string? snapshotId = null) =>
        new Volume
        {
            Id = ResourceIds.New("vol"),
            AccountId = Account.Id,
            Name = name,
            CreatedAt = at,
            ProjectId = Project.Id,
            RegionId = "local",
            TypeId = VolumeType.Standard,
            SizeGiB = sizeGiB,
            SnapshotId = snapshotId,
            RequestToken = ResourceIds.New("token"),
        }.Requested(at);

    /// <summary>The instance's first interface, in the default group.</summary>
    private NetworkInterface Interface(Instance instance)
    {
        var networkInterface = new NetworkInterface
        {
            Id = ResourceIds.New("eni"),
            AccountId = Account.Id,
            InstanceId = instance.Id,
            NetworkId = Network.Id,
            SubnetId = Subnet.Id,
            Address = instance.Address,
            Position = 0,
            CreatedAt = instance.CreatedAt,
        };
        networkInterface.SetGroups([Group.Id]);
        return networkInterface;
    }
}
