using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Networking;

public sealed record MemberOfGroup(string InstanceId, string InstanceName, IPAddress Address);

/// <summary>A security group with all that its page shows.</summary>
/// <param name="NamedBy">A group whose rules refer to it, if there is one.</param>
/// <param name="IsLoopback">Published ports are on the loopback of the region's host, where everybody has one address.</param>
public sealed record SecurityGroupView(
    SecurityGroup Group,
    Network Network,
    IReadOnlyList<(string Id, string Name)> Groups,
    IReadOnlyList<MemberOfGroup> Members,
    string? NamedBy,
    bool IsLoopback,
    IReadOnlyList<AuditEntry> Events
)
{
    private const int MaxEvents = 100;

    /// <summary>Null if the account has no such group.</summary>
    public static async Task<SecurityGroupView?> LoadAsync(IDbContextFactory<PortalDb> dbs, Actor actor, string id, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (
            await db
                .SecurityGroups.AsNoTracking()
                .Include(group => group.Rules)
                .SingleOrDefaultAsync(group => group.AccountId == actor.AccountId && group.Id == id, ct)
            is not { } group
        )
        {
            return null;
        }

        var network = await db.Networks.AsNoTracking().SingleAsync(network => network.Id == group.NetworkId, ct);
        var groups = await db
            .SecurityGroups.AsNoTracking()
            .Where(other => other.NetworkId == group.NetworkId)
            .OrderBy(other => other.Name)
            .Select(other => new { other.Id, other.Name })
            .ToListAsync(ct);
        return new SecurityGroupView(
            group,
            network,
            [.. groups.Select(other => (other.Id, other.Name))],
            await MembersAsync(db, id, ct),
            await db
                .SecurityGroups.Where(other => other.Id != id && other.Rules.Any(rule => rule.PeerGroupId == id))
                .Select(other => other.Name)
                .FirstOrDefaultAsync(ct),
            await db.Regions.AnyAsync(region => region.Id == network.RegionId && region.PublicRange == null, ct),
            await db
                .AuditEntries.AsNoTracking()
                .Where(row => row.AccountId == actor.AccountId && row.ResourceId == id)
                .OrderByDescending(row => row.At)
                .ThenByDescending(row => row.Id)
                .Take(MaxEvents)
                .ToListAsync(ct)
        );
    }

    private static async Task<IReadOnlyList<MemberOfGroup>> MembersAsync(PortalDb db, string id, CancellationToken ct) =>
        await (
            from membership in db.InterfaceGroups
            join networkInterface in db.NetworkInterfaces on membership.InterfaceId equals networkInterface.Id
            join instance in db.Instances on networkInterface.InstanceId equals instance.Id
            where membership.SecurityGroupId == id
            orderby instance.Name
            select new MemberOfGroup(instance.Id, instance.Name, networkInterface.Address)
        ).ToListAsync(ct);
}
