using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>Adds subnets to a network and removes empty ones, while its instances run.</summary>
public sealed class EditSubnets(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public const int MaxCount = 64;

    public async Task<Outcome> AddAsync(Actor actor, string networkId, NewSubnet form, CancellationToken ct)
    {
        var range = AddressRanges.Parse(form.Range);
        if ((ResourceName.Check(form.Name).Refusal ?? range.Refusal) is { } refusal)
        {
            return refusal;
        }

        var added = await dbs.ChangeAsync<Subnet>(
            actor,
            networkId,
            async (db, network) =>
            {
                var others = await db.Subnets.Where(subnet => subnet.NetworkId == networkId).ToListAsync(ct);
                var whyNot =
                    others.Count >= MaxCount
                        ? Refusal.Limit($"A network has at most {MaxCount} subnets.")
                        : AddressRanges.WhyNotSubnet(network.Range, others.Select(subnet => (subnet.Name, subnet.Range)), range.Value);
                if (whyNot is not null)
                {
                    return whyNot;
                }

                var made = Build(network, form.Name, range.Value, clock.GetUtcNow());
                db.Subnets.Add(made);
                network.Change(made.CreatedAt);
                db.AuditEntries.Add(
                    actor.Audit(
                        made.CreatedAt,
                        "CreateSubnet",
                        networkId,
                        after: new
                        {
                            made.Id,
                            made.Name,
                            Range = $"{made.Range}",
                        }
                    )
                );
                return made;
            },
            ct
        );
        return added.Refusal;
    }

    public async Task<Outcome> RemoveAsync(Actor actor, string networkId, string subnetId, CancellationToken ct)
    {
        var removed = await dbs.ChangeAsync<Subnet>(
            actor,
            networkId,
            async (db, network) =>
            {
                if (
                    await db.Subnets.SingleOrDefaultAsync(subnet => subnet.Id == subnetId && subnet.NetworkId == networkId, ct)
                    is not { } subnet
                )
                {
                    return Refusal.NotFound("There is no such subnet any more.");
                }

                if (
                    WhyNotRemove(await db.NetworkInterfaces.CountAsync(networkInterface => networkInterface.SubnetId == subnetId, ct)) is
                    { } reason
                )
                {
                    return Refusal.InUse(reason);
                }

                db.Subnets.Remove(subnet);
                network.Change(clock.GetUtcNow());
                db.AuditEntries.Add(
                    actor.Audit(
                        clock.GetUtcNow(),
                        "DeleteSubnet",
                        networkId,
                        before: new
                        {
                            subnet.Id,
                            subnet.Name,
                            Range = $"{subnet.Range}",
                        }
                    )
                );
                return subnet;
            },
            ct
        );
        return removed.Refusal;
    }

    /// <param name="networkInterfaces">How many interfaces are in it.</param>
    public static string? WhyNotRemove(int networkInterfaces) =>
        networkInterfaces == 0
            ? null
            : $"{(networkInterfaces == 1 ? "An instance's interface is" : $"{networkInterfaces} interfaces of instances are")} in it: remove {(networkInterfaces == 1 ? "it" : "them")} first, or terminate the instance{(networkInterfaces == 1 ? "" : "s")}.";

    internal static Subnet Build(Network network, string name, IPNetwork range, DateTimeOffset now) =>
        new()
        {
            Id = ResourceIds.New("subnet"),
            AccountId = network.AccountId,
            NetworkId = network.Id,
            Name = name.Trim(),
            CreatedAt = now,
            Range = range,
        };
}
