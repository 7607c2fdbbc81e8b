using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// Gives instances more interfaces and takes them away again, while they run or stand; changes which security groups an interface is in.
/// </summary>
public sealed class Interfaces(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <summary>Interfaces of one instance: what an emulated machine has slots for, its disks beside them.</summary>
    public const int MaxPerInstance = 8;

    public Task<Outcome<NetworkInterface>> AddAsync(
        Actor actor,
        string instanceId,
        string subnetId,
        IReadOnlyList<string> groupIds,
        CancellationToken ct
    ) =>
        ChangeAsync(
            actor,
            instanceId,
            async (db, network, instance) =>
            {
                var subnet = await db.Subnets.SingleOrDefaultAsync(subnet => subnet.Id == subnetId && subnet.NetworkId == network.Id, ct);
                var networkInterfaces = await db
                    .NetworkInterfaces.Where(networkInterface => networkInterface.InstanceId == instanceId)
                    .ToListAsync(ct);
                if (
                    (
                        WhyNotAdd(instance, networkInterfaces.Count)
                        ?? (
                            subnet is null
                                ? Refusal.NotFound("There is no such subnet any more.")
                                : await WhyNotGroupsAsync(db, network, groupIds, ct)
                        )
                    ) is
                    { } refusal
                )
                {
                    return refusal;
                }

                if (await FreeAddresses.TakeAsync(db, subnet!, 1, ct) is not [var address])
                {
                    return Refusal.Limit($"The subnet {subnet!.Name} ({subnet.Range}) has no address left.");
                }

                var made = Build(
                        instance,
                        subnet!,
                        address,
                        networkInterfaces.Max(networkInterface => networkInterface.Position) + 1,
                        groupIds,
                        clock.GetUtcNow()
                    )
                    .Requested(clock.GetUtcNow());
                db.NetworkInterfaces.Add(made);
                network.Change(made.CreatedAt);
                db.AuditEntries.Add(
                    actor.Audit(
                        made.CreatedAt,
                        "AttachNetworkInterface",
                        instanceId,
                        after: new
                        {
                            made.Id,
                            Address = $"{address}",
                            Subnet = subnetId,
                            Groups = groupIds,
                        }
                    )
                );
                return made;
            },
            ct
        );

    public Task<Outcome<NetworkInterface>> RemoveAsync(Actor actor, string interfaceId, CancellationToken ct) =>
        ChangeInterfaceAsync(
            actor,
            interfaceId,
            (db, _, networkInterface) =>
            {
                var now = clock.GetUtcNow();
                if (networkInterface.RequestRemove(now) is { IsDone: false } refused)
                {
                    return Task.FromResult(refused.Refusal);
                }

                db.AuditEntries.Add(
                    actor.Audit(
                        now,
                        "DetachNetworkInterface",
                        networkInterface.InstanceId,
                        new { networkInterface.Id, Address = $"{networkInterface.Address}" }
                    )
                );
                return Task.FromResult<Refusal?>(null);
            },
            ct
        );

    public Task<Outcome<NetworkInterface>> SetGroupsAsync(
        Actor actor,
        string interfaceId,
        IReadOnlyList<string> groupIds,
        CancellationToken ct
    ) =>
        ChangeInterfaceAsync(
            actor,
            interfaceId,
            async (db, network, networkInterface) =>
            {
                if (await WhyNotGroupsAsync(db, network, groupIds, ct) is { } refusal)
                {
                    return refusal;
                }

                var before = networkInterface
                    .Groups.Select(membership => membership.SecurityGroupId)
                    .Order(StringComparer.Ordinal)
                    .ToList();
                networkInterface.SetGroups(groupIds.Distinct(StringComparer.Ordinal));
                network.Change(clock.GetUtcNow());
                db.AuditEntries.Add(
                    actor.Audit(
                        clock.GetUtcNow(),
                        "ModifyNetworkInterfaceAttribute",
                        networkInterface.InstanceId,
                        new { networkInterface.Id, Groups = before },
                        new { Groups = groupIds }
                    )
                );
                return null;
            },
            ct
        );

    /// <param name="had">How many interfaces it has.</param>
    public static Refusal? WhyNotAdd(Instance instance, int had) =>
        Refusal.State(instance.WhyNotEdit)
        ?? Refusal.Limit(had >= MaxPerInstance ? $"An instance has at most {MaxPerInstance} interfaces." : null);

    internal static NetworkInterface Build(
        Instance instance,
        Subnet subnet,
        IPAddress address,
        int position,
        IEnumerable<string> groupIds,
        DateTimeOffset now
    )
    {
        var networkInterface = new NetworkInterface
        {
            Id = ResourceIds.New("eni"),
            AccountId = instance.AccountId,
            InstanceId = instance.Id,
            NetworkId = subnet.NetworkId,
            SubnetId = subnet.Id,
            Address = address,
            Position = position,
            CreatedAt = now,
        };
        networkInterface.SetGroups(groupIds.Distinct(StringComparer.Ordinal));
        return networkInterface;
    }

    internal static async Task<Refusal?> WhyNotGroupsAsync(
        PortalDb db,
        Network network,
        IReadOnlyList<string> groupIds,
        CancellationToken ct
    ) =>
        groupIds.Count switch
        {
            0 => Refusal.Invalid("Choose a security group: without one nothing gets in or out."),
            > SecurityGroups.MaxPerInterface => Refusal.Limit(
                $"An interface is in at most {SecurityGroups.MaxPerInterface} security groups."
            ),
            _ when await db.SecurityGroups.CountAsync(group => group.NetworkId == network.Id && groupIds.Contains(group.Id), ct)
                    != groupIds.Distinct(StringComparer.Ordinal).Count() => Refusal.NotFound(
                "One of the security groups is not there any more."
            ),
            _ => null,
        };

    private Task<Outcome<NetworkInterface>> ChangeAsync(
        Actor actor,
        string instanceId,
        Func<PortalDb, Network, Instance, Task<Outcome<NetworkInterface>>> change,
        CancellationToken ct
    ) =>
        dbs.ChangeAsync<NetworkInterface>(
            actor,
            async (db, _) =>
                (await db.LockInstancesAsync(actor.AccountId, [instanceId], ct)).SingleOrDefault() is { } instance
                && await db.LockNetworkAsync(actor.AccountId, instance.NetworkId, ct) is { } network
                    ? network.WhyNotChange is { } reason
                        ? Refusal.State(reason)
                        : await change(db, network, instance)
                    : Refusal.NotFound("There is no such instance any more."),
            ct
        );

    private Task<Outcome<NetworkInterface>> ChangeInterfaceAsync(
        Actor actor,
        string interfaceId,
        Func<PortalDb, Network, NetworkInterface, Task<Refusal?>> change,
        CancellationToken ct
    ) =>
        dbs.ChangeAsync<NetworkInterface>(
            actor,
            async (db, _) =>
                await db
                    .NetworkInterfaces.Include(networkInterface => networkInterface.Groups)
                    .SingleOrDefaultAsync(
                        networkInterface => networkInterface.AccountId == actor.AccountId && networkInterface.Id == interfaceId,
                        ct
                    )
                    is { } networkInterface
                && await db.LockNetworkAsync(actor.AccountId, networkInterface.NetworkId, ct) is { } network
                    ? (Refusal.State(network.WhyNotChange) ?? await change(db, network, networkInterface)) is { } refusal
                        ? refusal
                        : networkInterface
                    : Refusal.NotFound("There is no such interface any more."),
            ct
        );
}
