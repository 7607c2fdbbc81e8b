using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Bench;

/// <summary>
/// Many resources of one account, written straight into the database: instances with names, sizes and tags that differ, networks with
/// ranges that do.
/// </summary>
internal static class Fleet
{
    private static readonly string[] Sizes = ["t1.nano", "t1.micro", "t1.small"];

    public static async Task AddAsync(PortalDb db, string accountId, int count, bool running = true)
    {
        var project = await db.Projects.SingleAsync(project => project.AccountId == accountId);
        var network = await db.Networks.SingleAsync(network => network.AccountId == accountId);
        var subnet = await db.Subnets.SingleAsync(subnet => subnet.AccountId == accountId);
        var group = await db.SecurityGroups.SingleAsync(group => group.AccountId == accountId && group.IsDefault);
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < count; i++)
        {
            var instance = new Instance
            {
                Id = ResourceIds.New("i"),
                AccountId = accountId,
                Name = $"machine-{i:D4}",
                CreatedAt = now.AddMinutes(-i),
                ProjectId = project.Id,
                RegionId = "local",
                ImageId = "ami-00000000000000001",
                SizeId = Sizes[i % Sizes.Length],
                Vcpus = 1,
                MemoryMiB = 512 << (i % Sizes.Length),
                NetworkId = network.Id,
                Address = IPAddress.Parse($"10.0.{i / 200}.{10 + (i % 200)}"),
                RequestToken = ResourceIds.New("token"),
                RequestIndex = 0,
            };
            instance.Tags["role"] = i % 3 == 0 ? "web" : "job";
            instance.Observe(new MachineObservation(MachinePower.Running, 0, SshAnswers: true, null, null), now);
            if (!running)
            {
                instance.RequestStop(now);
                instance.Observe(new MachineObservation(MachinePower.Off, 0, SshAnswers: false, null, null), now);
            }

            instance.Interfaces.Add(
                new NetworkInterface
                {
                    Id = ResourceIds.New("eni"),
                    AccountId = accountId,
                    InstanceId = instance.Id,
                    NetworkId = network.Id,
                    SubnetId = subnet.Id,
                    Address = instance.Address,
                    Position = 0,
                    CreatedAt = instance.CreatedAt,
                }
            );
            instance.Interfaces.Single().SetGroups([group.Id]);
            db.Instances.Add(instance);
        }

        await db.SaveChangesAsync();
    }

    /// <summary>Each with a subnet and its default group.</summary>
    public static async Task AddNetworksAsync(PortalDb db, string accountId, int count)
    {
        var project = await db.Projects.SingleAsync(project => project.AccountId == accountId);
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < count; i++)
        {
            var network = new Network
            {
                Id = ResourceIds.New("vpc"),
                AccountId = accountId,
                ProjectId = project.Id,
                RegionId = DefaultNetwork.Region,
                Name = $"network-{i:D4}",
                CreatedAt = now.AddMinutes(-i),
                Range = new IPNetwork(new IPAddress([10, (byte)(i % 256), (byte)(i / 256 * 16), 0]), 20),
            };
            network.Tags["stage"] = i % 3 == 0 ? "live" : "test";
            network.Subnets.Add(
                new Subnet
                {
                    Id = ResourceIds.New("subnet"),
                    AccountId = accountId,
                    NetworkId = network.Id,
                    Name = "default",
                    CreatedAt = now,
                    Range = new IPNetwork(network.Range.BaseAddress, 24),
                }
            );
            db.Networks.Add(network);
            db.SecurityGroups.Add(DefaultNetwork.GroupOf(network, network.CreatedAt));
        }

        await db.SaveChangesAsync();
    }

    /// <summary>Available ones, each with a complete snapshot.</summary>
    public static async Task AddVolumesAsync(PortalDb db, string accountId, int count)
    {
        var project = await db.Projects.SingleAsync(project => project.AccountId == accountId);
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < count; i++)
        {
            var volume = new Volume
            {
                Id = ResourceIds.New("vol"),
                AccountId = accountId,
                Name = $"volume-{i:D4}",
                CreatedAt = now.AddMinutes(-i),
                ProjectId = project.Id,
                RegionId = DefaultNetwork.Region,
                TypeId = VolumeType.Standard,
                SizeGiB = 1 + (i % 64),
                RequestToken = ResourceIds.New("token"),
            };
            volume.Tags["role"] = i % 3 == 0 ? "logs" : "data";
            volume.ObserveMade(volume.SizeGiB);
            db.Volumes.Add(volume);
            db.Snapshots.Add(SnapshotOf(volume, now));
        }

        await db.SaveChangesAsync();
    }

    private static Snapshot SnapshotOf(Volume volume, DateTimeOffset now)
    {
        var snapshot = new Snapshot
        {
            Id = ResourceIds.New("snap"),
            AccountId = volume.AccountId,
            Name = $"{volume.Name} 1",
            CreatedAt = volume.CreatedAt,
            ProjectId = volume.ProjectId,
            RegionId = volume.RegionId,
            VolumeId = volume.Id,
            SizeGiB = volume.SizeGiB,
            RequestToken = ResourceIds.New("token"),
        };
        snapshot.Observe(new SnapshotObservation(true, 1L << 30, now, Quiesced: false), now);
        return snapshot;
    }
}
