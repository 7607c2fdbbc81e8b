using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Tests.Bench;

/// <summary>Many instances of one account, written straight into the database: running ones with names, sizes and tags that differ.</summary>
internal static class Fleet
{
    private static readonly string[] Sizes = ["t1.nano", "t1.micro", "t1.small"];

    public static async Task AddAsync(PortalDb db, string accountId, int count)
    {
        var project = await db.Projects.SingleAsync(project => project.AccountId == accountId);
        var network = await db.Networks.SingleAsync(network => network.AccountId == accountId);
        var subnet = await db.Subnets.SingleAsync(subnet => subnet.AccountId == accountId);
        var group = await db.SecurityGroups.SingleAsync(group => group.AccountId == accountId);
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
                Address = System.Net.IPAddress.Parse($"10.0.{i / 200}.{10 + (i % 200)}"),
                RequestToken = ResourceIds.New("token"),
                RequestIndex = 0,
            };
            instance.Tags["role"] = i % 3 == 0 ? "web" : "job";
            instance.Observe(new MachineObservation(MachinePower.Running, 0, SshAnswers: true, null, null), now);
            instance.Interfaces.Add(new Model.Networking.NetworkInterface
            {
                Id = ResourceIds.New("eni"),
                AccountId = accountId,
                InstanceId = instance.Id,
                NetworkId = network.Id,
                SubnetId = subnet.Id,
                Address = instance.Address,
                Position = 0,
                CreatedAt = instance.CreatedAt,
            });
            instance.Interfaces.Single().SetGroups([group.Id]);
            db.Instances.Add(instance);
        }

        await db.SaveChangesAsync();
    }
}
