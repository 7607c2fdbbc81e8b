using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>Renames and tags a network, and turns its way to the Internet on and off.</summary>
public sealed class EditNetwork(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public async Task<Outcome> RenameAsync(Actor actor, string id, string name, CancellationToken ct)
    {
        if (ResourceName.Check(name) is { IsDone: false } refused)
        {
            return refused;
        }

        return await RunAsync(actor, id, "ModifyVpcAttribute", network => new { network.Name }, network => network.Name = name.Trim(), ct);
    }

    public async Task<Outcome> TagAsync(Actor actor, string id, IReadOnlyDictionary<string, string> tags, CancellationToken ct) =>
        Tags.Check(tags) is { IsDone: false } refused
            ? refused
            : await RunAsync(
                actor,
                id,
                "CreateTags",
                network => new Dictionary<string, string>(network.Tags, StringComparer.Ordinal),
                network =>
                {
                    network.Tags.Clear();
                    foreach (var (key, value) in tags)
                    {
                        network.Tags[key] = value;
                    }
                },
                ct
            );

    /// <summary>
    /// On, it costs <see cref="Skus.Nat"/> from the moment at which the engine has it until the moment at which it no longer has.
    /// </summary>
    public async Task<Outcome> SetNatAsync(Actor actor, string id, bool on, CancellationToken ct)
    {
        var done = await dbs.ChangeAsync<Network>(
            actor,
            id,
            async (db, network) =>
            {
                if (network.IsNatWanted == on)
                {
                    return network;
                }

                var now = clock.GetUtcNow();
                if (
                    on
                    && (
                        Refusal.State(WhyNotNat(await db.Regions.AsNoTracking().SingleAsync(region => region.Id == network.RegionId, ct)))
                        ?? await db.WhyMayNotCreateAsync(actor, ct)
                        ?? await CardCheck.WhyNoBillingAsync(db, actor.AccountId, now, ct)
                    )
                        is { } refusal
                )
                {
                    return refusal;
                }

                network.WantNat(on, now);
                db.AuditEntries.Add(
                    actor.Audit(now, on ? "CreateNatGateway" : "DeleteNatGateway", id, new { Nat = !on }, new { Nat = on })
                );
                return network;
            },
            ct
        );
        return done.Refusal;
    }

    /// <summary>Why no network of this region can be given a way to the Internet; null if it can.</summary>
    public static string? WhyNotNat(Region region) =>
        region.HasUplink ? null : $"{region.Name} has no connection to the Internet. Ask support if you need one.";

    private async Task<Outcome> RunAsync(
        Actor actor,
        string id,
        string action,
        Func<Network, object> told,
        Action<Network> edit,
        CancellationToken ct
    )
    {
        var done = await dbs.ChangeAsync<Network>(
            actor,
            id,
            (db, network) =>
            {
                var before = told(network);
                edit(network);
                db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), action, id, before, told(network)));
                return Task.FromResult<Outcome<Network>>(network);
            },
            ct
        );
        return done.Refusal;
    }
}
