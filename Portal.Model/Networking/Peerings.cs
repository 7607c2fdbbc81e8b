using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>Joins two networks of one account, and parts them again.</summary>
public sealed class Peerings(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public const int MaxCount = 25;

    public Task<Outcome<Peering>> CreateAsync(Actor actor, string networkId, string peerId, string name, CancellationToken ct) =>
        ResourceName.Check(name) is { IsDone: false } refused
            ? Task.FromResult<Outcome<Peering>>(refused)
            : dbs.ChangeAsync<Peering>(
                actor,
                async (db, _) =>
                {
                    var (one, other) = await LockBothAsync(db, actor, networkId, peerId, ct);
                    if (one is null || other is null)
                    {
                        return NetworkChange.NoNetwork;
                    }

                    if (
                        (
                            Refusal.State(one.WhyNotChange ?? other.WhyNotChange)
                            ?? WhyNot(one, other, await PeersAsync(db, one.Id, ct), await PeersAsync(db, other.Id, ct))
                        ) is
                        { } refusal
                    )
                    {
                        return refusal;
                    }

                    return Make(db, actor, one, other, name);
                },
                ct
            );

    public async Task<Outcome> DeleteAsync(Actor actor, string id, CancellationToken ct)
    {
        var done = await dbs.ChangeAsync<Peering>(
            actor,
            async (db, _) =>
            {
                if (
                    await db.Peerings.SingleOrDefaultAsync(peering => peering.AccountId == actor.AccountId && peering.Id == id, ct)
                    is not { } peering
                )
                {
                    return Refusal.NotFound("There is no such peering any more.");
                }

                var (one, _) = await LockBothAsync(db, actor, peering.NetworkId, peering.PeerNetworkId, ct);
                await RemoveAsync(db, actor, peering, one!, clock.GetUtcNow(), ct);
                one!.Change(clock.GetUtcNow());
                return peering;
            },
            ct
        );
        return done.Refusal;
    }

    /// <summary>Why these two cannot be joined; null if they can.</summary>
    /// <param name="peersOfOne">The networks that the first is joined with already, and those of the second.</param>
    public static Refusal? WhyNot(Network one, Network other, IReadOnlyList<Network> peersOfOne, IReadOnlyList<Network> peersOfOther) =>
        one switch
        {
            _ when one.Id == other.Id => Refusal.Invalid("A network cannot be peered with itself."),
            _ when one.RegionId != other.RegionId => Refusal.Invalid("Both networks must be in one region."),
            _ when AddressRanges.Overlap(one.Range, other.Range) => Refusal.Invalid(
                $"{one.Name} ({one.Range}) and {other.Name} ({other.Range}) overlap: an address would mean two machines."
            ),
            _ when peersOfOne.Any(peer => peer.Id == other.Id) => Refusal.Duplicate($"{one.Name} and {other.Name} are peered already."),
            _ when peersOfOne.Count >= MaxCount || peersOfOther.Count >= MaxCount => Refusal.Limit(
                $"A network has at most {MaxCount} peerings."
            ),
            _ => Ambiguous(one, other, peersOfOther) ?? Ambiguous(other, one, peersOfOne),
        };

    /// <summary>
    /// In the caller's transaction, which holds <paramref name="held"/> and changes it: the other network is changed here.
    /// </summary>
    internal static async Task RemoveAsync(
        PortalDb db,
        Actor actor,
        Peering peering,
        Network held,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        db.Peerings.Remove(peering);
        db.AuditEntries.Add(
            actor.Audit(
                now,
                "DeleteVpcPeeringConnection",
                peering.NetworkId,
                new
                {
                    peering.Id,
                    peering.Name,
                    Peer = peering.PeerNetworkId,
                }
            )
        );
        (await db.LockNetworkAsync(actor.AccountId, peering.Other(held.Id), ct))?.Change(now);
    }

    private static Refusal? Ambiguous(Network one, Network other, IReadOnlyList<Network> peersOfOther) =>
        peersOfOther.FirstOrDefault(peer => AddressRanges.Overlap(peer.Range, one.Range)) is { } taken
            ? Refusal.Duplicate($"{other.Name} is peered with {taken.Name} ({taken.Range}), which overlaps {one.Name} ({one.Range}).")
            : null;

    private static async Task<(Network? One, Network? Other)> LockBothAsync(
        PortalDb db,
        Actor actor,
        string oneId,
        string otherId,
        CancellationToken ct
    )
    {
        // The lesser id first, so that nobody waits in a circle.
        var first = await db.LockNetworkAsync(actor.AccountId, string.CompareOrdinal(oneId, otherId) <= 0 ? oneId : otherId, ct);
        var second = await db.LockNetworkAsync(actor.AccountId, string.CompareOrdinal(oneId, otherId) <= 0 ? otherId : oneId, ct);
        return first?.Id == oneId ? (first, second) : (second, first);
    }

    private static Task<List<Network>> PeersAsync(PortalDb db, string networkId, CancellationToken ct) =>
        db
            .Networks.AsNoTracking()
            .Where(network =>
                db.Peerings.Any(peering =>
                    (peering.NetworkId == networkId && peering.PeerNetworkId == network.Id)
                    || (peering.PeerNetworkId == networkId && peering.NetworkId == network.Id)
                )
            )
            .ToListAsync(ct);

    private Peering Make(PortalDb db, Actor actor, Network one, Network other, string name)
    {
        var now = clock.GetUtcNow();
        var made = new Peering
        {
            Id = ResourceIds.New("pcx"),
            AccountId = actor.AccountId,
            Name = name.Trim(),
            CreatedAt = now,
            NetworkId = one.Id,
            PeerNetworkId = other.Id,
        };
        db.Peerings.Add(made);
        one.Change(now);
        other.Change(now);
        db.AuditEntries.Add(
            actor.Audit(
                now,
                "CreateVpcPeeringConnection",
                one.Id,
                after: new
                {
                    made.Id,
                    made.Name,
                    Peer = other.Id,
                }
            )
        );
        return made;
    }
}
