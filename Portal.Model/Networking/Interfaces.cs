using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// Gives instances more cards and takes them away again, while they run or stand; changes which security groups a card is in.
/// </summary>
public sealed class Interfaces(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    /// <summary>Cards of one instance: what an emulated machine has slots for, its disks beside them.</summary>
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
                var cards = await db.NetworkInterfaces.Where(card => card.InstanceId == instanceId).ToListAsync(ct);
                if (
                    (
                        WhyNotAdd(instance, cards.Count)
                        ?? (subnet is null ? "There is no such subnet any more." : await WhyNotGroupsAsync(db, network, groupIds, ct))
                    ) is
                    { } reason
                )
                {
                    return Outcome.Refused(reason);
                }

                if (await FreeAddresses.TakeAsync(db, subnet!, 1, ct) is not [var address])
                {
                    return Outcome.Refused($"The subnet {subnet!.Name} ({subnet.Range}) has no address left.");
                }

                var made = Build(instance, subnet!, address, cards.Max(card => card.Position) + 1, groupIds, clock.GetUtcNow())
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
        ChangeCardAsync(
            actor,
            interfaceId,
            (db, _, card) =>
            {
                var now = clock.GetUtcNow();
                if (card.RequestRemove(now) is { IsDone: false } refused)
                {
                    return Task.FromResult(refused.Reason);
                }

                db.AuditEntries.Add(
                    actor.Audit(now, "DetachNetworkInterface", card.InstanceId, new { card.Id, Address = $"{card.Address}" })
                );
                return Task.FromResult<string?>(null);
            },
            ct
        );

    public Task<Outcome<NetworkInterface>> SetGroupsAsync(
        Actor actor,
        string interfaceId,
        IReadOnlyList<string> groupIds,
        CancellationToken ct
    ) =>
        ChangeCardAsync(
            actor,
            interfaceId,
            async (db, network, card) =>
            {
                if (await WhyNotGroupsAsync(db, network, groupIds, ct) is { } reason)
                {
                    return reason;
                }

                var before = card.Groups.Select(membership => membership.SecurityGroupId).Order(StringComparer.Ordinal).ToList();
                card.SetGroups(groupIds.Distinct(StringComparer.Ordinal));
                network.Change(clock.GetUtcNow());
                db.AuditEntries.Add(
                    actor.Audit(
                        clock.GetUtcNow(),
                        "ModifyNetworkInterfaceAttribute",
                        card.InstanceId,
                        new { card.Id, Groups = before },
                        new { Groups = groupIds }
                    )
                );
                return null;
            },
            ct
        );

    /// <param name="had">How many cards it has.</param>
    public static string? WhyNotAdd(Instance instance, int had) =>
        instance.WhyNotEdit ?? (had >= MaxPerInstance ? $"An instance has at most {MaxPerInstance} interfaces." : null);

    internal static NetworkInterface Build(
        Instance instance,
        Subnet subnet,
        IPAddress address,
        int position,
        IEnumerable<string> groupIds,
        DateTimeOffset now
    )
    {
        var card = new NetworkInterface
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
        card.SetGroups(groupIds.Distinct(StringComparer.Ordinal));
        return card;
    }

    internal static async Task<string?> WhyNotGroupsAsync(
        PortalDb db,
        Network network,
        IReadOnlyList<string> groupIds,
        CancellationToken ct
    ) =>
        groupIds.Count switch
        {
            0 => "Choose a security group: without one nothing gets in or out.",
            > SecurityGroups.MaxPerInterface => $"An interface is in at most {SecurityGroups.MaxPerInterface} security groups.",
            _ when await db.SecurityGroups.CountAsync(group => group.NetworkId == network.Id && groupIds.Contains(group.Id), ct)
                    != groupIds.Distinct(StringComparer.Ordinal).Count() => "One of the security groups is not there any more.",
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
                        ? Outcome.Refused(reason)
                        : await change(db, network, instance)
                    : Outcome.Refused("There is no such instance any more."),
            ct
        );

    private Task<Outcome<NetworkInterface>> ChangeCardAsync(
        Actor actor,
        string interfaceId,
        Func<PortalDb, Network, NetworkInterface, Task<string?>> change,
        CancellationToken ct
    ) =>
        dbs.ChangeAsync<NetworkInterface>(
            actor,
            async (db, _) =>
                await db
                    .NetworkInterfaces.Include(card => card.Groups)
                    .SingleOrDefaultAsync(card => card.AccountId == actor.AccountId && card.Id == interfaceId, ct)
                    is { } card
                && await db.LockNetworkAsync(actor.AccountId, card.NetworkId, ct) is { } network
                    ? (network.WhyNotChange ?? await change(db, network, card)) is { } reason
                        ? Outcome.Refused(reason)
                        : card
                    : Outcome.Refused("There is no such interface any more."),
            ct
        );
}
