using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>Makes security groups, changes their rules and deletes unused ones. They cost nothing.</summary>
public sealed class SecurityGroups(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public const int MaxCount = 250;

    /// <summary>Inbound and outbound each, as at EC2.</summary>
    public const int MaxRules = 60;

    /// <summary>Groups of one interface.</summary>
    public const int MaxPerInterface = 5;

    public Task<Outcome<SecurityGroup>> CreateAsync(
        Actor actor,
        string networkId,
        string name,
        IReadOnlyList<NewRule> rules,
        CancellationToken ct
    ) =>
        ResourceName.Check(name) is { IsDone: false } refused
            ? Task.FromResult<Outcome<SecurityGroup>>(refused)
            : dbs.ChangeAsync<SecurityGroup>(
                actor,
                networkId,
                async (db, network) =>
                {
                    var others = await db
                        .SecurityGroups.Where(group => group.NetworkId == networkId)
                        .Select(group => new { group.Id, group.Name })
                        .ToListAsync(ct);
                    var whyNot =
                        others.Count >= MaxCount ? Refusal.Limit($"A network has at most {MaxCount} security groups.")
                        : others.Exists(other => other.Name == name.Trim())
                            ? Refusal.Duplicate($"The network has a group “{name.Trim()}” already.")
                        : WhyNot(rules, [.. others.Select(other => other.Id)]);
                    if (whyNot is not null)
                    {
                        return whyNot;
                    }

                    var now = clock.GetUtcNow();
                    var made = new SecurityGroup
                    {
                        Id = ResourceIds.New("sg"),
                        AccountId = actor.AccountId,
                        Name = name.Trim(),
                        CreatedAt = now,
                        NetworkId = networkId,
                    };
                    Replace(made, rules);
                    made.RulesChanged(network.Change(now), now);
                    db.SecurityGroups.Add(made);
                    db.AuditEntries.Add(
                        actor.Audit(
                            now,
                            "CreateSecurityGroup",
                            made.Id,
                            after: new
                            {
                                made.Name,
                                Network = networkId,
                                Rules = AuditDetails(made),
                            }
                        )
                    );
                    return made;
                },
                ct
            );

    /// <summary>Replaces all rules at once. Its members are under the new ones as soon as the worker has applied the network.</summary>
    public Task<Outcome<SecurityGroup>> SaveRulesAsync(Actor actor, string id, IReadOnlyList<NewRule> rules, CancellationToken ct) =>
        ChangeAsync(
            actor,
            id,
            async (db, network, group) =>
            {
                var others = await db
                    .SecurityGroups.Where(other => other.NetworkId == network.Id)
                    .Select(other => other.Id)
                    .ToListAsync(ct);
                if (WhyNot(rules, others) is { } refusal)
                {
                    return refusal;
                }

                var (now, before) = (clock.GetUtcNow(), AuditDetails(group));
                Replace(group, rules);
                group.RulesChanged(network.Change(now), now);
                db.AuditEntries.Add(
                    actor.Audit(now, "ModifySecurityGroupRules", id, new { Rules = before }, new { Rules = AuditDetails(group) })
                );
                return null;
            },
            ct
        );

    public Task<Outcome<SecurityGroup>> RenameAsync(Actor actor, string id, string name, CancellationToken ct) =>
        ChangeAsync(
            actor,
            id,
            async (db, network, group) =>
            {
                if (ResourceName.Check(name).Refusal is { } refusal)
                {
                    return refusal;
                }

                if (
                    await db.SecurityGroups.AnyAsync(
                        other => other.NetworkId == network.Id && other.Id != id && other.Name == name.Trim(),
                        ct
                    )
                )
                {
                    return Refusal.Duplicate($"The network has a group “{name.Trim()}” already.");
                }

                var before = new { group.Name };
                group.Name = name.Trim();
                db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "ModifySecurityGroup", id, before, new { group.Name }));
                return null;
            },
            ct
        );

    public Task<Outcome<SecurityGroup>> DeleteAsync(Actor actor, string id, CancellationToken ct) =>
        ChangeAsync(
            actor,
            id,
            async (db, _, group) =>
            {
                var members = await db.InterfaceGroups.CountAsync(membership => membership.SecurityGroupId == id, ct);
                var named = await db
                    .SecurityGroups.Where(other => other.Id != id && other.Rules.Any(rule => rule.PeerGroupId == id))
                    .Select(other => other.Name)
                    .FirstOrDefaultAsync(ct);
                if (WhyNotDelete(group, members, named) is { } refusal)
                {
                    return refusal;
                }

                db.SecurityGroups.Remove(group);
                db.AuditEntries.Add(
                    actor.Audit(
                        clock.GetUtcNow(),
                        "DeleteSecurityGroup",
                        id,
                        new
                        {
                            group.Name,
                            Network = group.NetworkId,
                            Rules = AuditDetails(group),
                        }
                    )
                );
                return null;
            },
            ct
        );

    /// <param name="members">How many interfaces are in it.</param>
    /// <param name="named">A group whose rules refer to it, if there is one.</param>
    public static Refusal? WhyNotDelete(SecurityGroup group, int members, string? named) =>
        group.IsDefault ? Refusal.State("Every network keeps its default group.")
        : members > 0
            ? Refusal.InUse(
                $"{(members == 1 ? "An interface is" : $"{members} interfaces are")} in it: take {(members == 1 ? "it" : "them")} out first."
            )
        : named is not null ? Refusal.InUse($"A rule of the group “{named}” refers to it.")
        : null;

    /// <summary>Why these rules cannot be saved; null if they can.</summary>
    public static Refusal? WhyNot(IReadOnlyList<NewRule> rules, IReadOnlyCollection<string> groupIds) =>
        rules.GroupBy(rule => rule.Direction).Any(side => side.Count() > MaxRules)
            ? Refusal.Limit($"A group has at most {MaxRules} rules in each direction.")
            : rules.Select(rule => rule.WhyNot(groupIds)).FirstOrDefault(refusal => refusal is not null);

    private Task<Outcome<SecurityGroup>> ChangeAsync(
        Actor actor,
        string id,
        Func<PortalDb, Network, SecurityGroup, Task<Refusal?>> change,
        CancellationToken ct
    ) =>
        dbs.ChangeAsync<SecurityGroup>(
            actor,
            async (db, _) =>
            {
                var networkId = await db
                    .SecurityGroups.Where(group => group.AccountId == actor.AccountId && group.Id == id)
                    .Select(group => group.NetworkId)
                    .SingleOrDefaultAsync(ct);
                if (networkId is null || await db.LockNetworkAsync(actor.AccountId, networkId, ct) is not { } network)
                {
                    return Refusal.NotFound("There is no such security group any more.");
                }

                // After the network is locked: the worker writes into groups only while it holds it.
                var group = await db.SecurityGroups.Include(group => group.Rules).SingleAsync(group => group.Id == id, ct);
                return (Refusal.State(network.WhyNotChange) ?? await change(db, network, group)) is { } refusal ? refusal : group;
            },
            ct
        );

    private static void Replace(SecurityGroup group, IReadOnlyList<NewRule> rules)
    {
        group.Rules.Clear();
        foreach (var rule in rules.Distinct())
        {
            group.Rules.Add(rule.Build(group));
        }
    }

    private static List<string> AuditDetails(SecurityGroup group) =>
        [.. group.Rules.OrderBy(rule => rule.Id).Select(rule => rule.ToString())];
}
