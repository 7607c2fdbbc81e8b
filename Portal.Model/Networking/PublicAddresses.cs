using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>Allocates public addresses, leads them to instances, moves them, and gives them back.</summary>
public sealed class PublicAddresses(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public Task<Outcome<PublicAddress>> AllocateAsync(Actor actor, string regionId, string name, CancellationToken ct) =>
        ResourceName.Check(name) is { IsDone: false } refused
            ? Task.FromResult<Outcome<PublicAddress>>(refused)
            : dbs.ChangeAsync<PublicAddress>(
                actor,
                async (db, account) =>
                    (
                        await db.WhyMayNotCreateAsync(actor, ct)
                        ?? await CardCheck.WhyNoBillingAsync(db, actor.AccountId, clock.GetUtcNow(), ct)
                    )
                        is { } refusal
                        ? refusal
                        : await AllocateAsync(
                            db,
                            account,
                            actor,
                            await db.LockRegionAsync(regionId, ct),
                            name.Trim(),
                            clock.GetUtcNow(),
                            ct
                        ),
                ct
            );

    public Task<Outcome<PublicAddress>> AssociateAsync(Actor actor, string id, string interfaceId, CancellationToken ct) =>
        ChangeAsync(
            actor,
            id,
            async (db, address) =>
            {
                if (
                    await db.NetworkInterfaces.SingleOrDefaultAsync(
                        networkInterface => networkInterface.AccountId == actor.AccountId && networkInterface.Id == interfaceId,
                        ct
                    )
                    is not { } networkInterface
                )
                {
                    return Refusal.NotFound("There is no such interface any more.");
                }

                if (await db.PublicAddresses.AnyAsync(other => other.InterfaceId == interfaceId && other.Id != id, ct))
                {
                    return Refusal.InUse("Another public address leads there already.");
                }

                var before = new { Interface = address.InterfaceId };
                var networks = await LockAsync(db, actor, [address.NetworkId, networkInterface.NetworkId], ct);
                if (
                    networks.FirstOrDefault(network => network.Id == networkInterface.NetworkId) is not { } home
                    || (home.WhyNotChange is { })
                )
                {
                    return Refusal.State("Its network is being deleted.");
                }

                if (home.RegionId != address.RegionId)
                {
                    return Refusal.Invalid("Address and instance must be in one region.");
                }

                address.Associate(networkInterface);
                networks.ForEach(network => network.Change(clock.GetUtcNow()));
                db.AuditEntries.Add(
                    actor.Audit(
                        clock.GetUtcNow(),
                        "AssociateAddress",
                        id,
                        before,
                        new { Interface = interfaceId, Instance = networkInterface.InstanceId }
                    )
                );
                return null;
            },
            ct
        );

    public Task<Outcome<PublicAddress>> DisassociateAsync(Actor actor, string id, CancellationToken ct) =>
        ChangeAsync(
            actor,
            id,
            async (db, address) =>
            {
                if (address.WhyNotDisassociate is { } reason)
                {
                    return Refusal.State(reason);
                }

                (await LockAsync(db, actor, [address.NetworkId], ct)).ForEach(network => network.Change(clock.GetUtcNow()));
                db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "DisassociateAddress", id, new { Interface = address.InterfaceId }));
                address.Dissociate();
                return null;
            },
            ct
        );

    /// <summary>Which ports of the guest the published ports lead to, where ports stand for an address.</summary>
    public Task<Outcome<PublicAddress>> LeadToAsync(Actor actor, string id, IReadOnlyList<int> guestPorts, CancellationToken ct) =>
        ChangeAsync(
            actor,
            id,
            async (db, address) =>
            {
                var before = new { address.GuestPorts };
                if (address.LeadTo(guestPorts) is { IsDone: false } refused)
                {
                    return refused.Refusal;
                }

                (await LockAsync(db, actor, [address.NetworkId], ct)).ForEach(network => network.Change(clock.GetUtcNow()));
                db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "ModifyAddressAttribute", id, before, new { address.GuestPorts }));
                return null;
            },
            ct
        );

    /// <summary>It costs nothing from now on. Somebody else can have it once no router serves it any more.</summary>
    public Task<Outcome<PublicAddress>> ReleaseAsync(Actor actor, string id, CancellationToken ct) =>
        ChangeAsync(
            actor,
            id,
            async (db, address) =>
            {
                if (address.WhyNotRelease is { } reason)
                {
                    return Refusal.InUse(reason);
                }

                var now = clock.GetUtcNow();
                await Meter.RecordAsync(db, address, [], now, ct);
                db.AuditEntries.Add(actor.Audit(now, "ReleaseAddress", id, before: AuditDetails(address)));
                if ((await LockAsync(db, actor, [address.NetworkId], ct)) is [{ } network])
                {
                    address.Release(now);
                    network.Change(now);
                }
                else
                {
                    db.PublicAddresses.Remove(address);
                }

                return null;
            },
            ct
        );

    /// <summary>In the caller's transaction, which holds the account and the region and has asked who pays.</summary>
    internal static async Task<Outcome<PublicAddress>> AllocateAsync(
        PortalDb db,
        Account account,
        Actor actor,
        Region region,
        string name,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var had =
            await db.PublicAddresses.CountAsync(address => address.AccountId == account.Id && address.ReleasedAt == null, ct)
            + db.PublicAddresses.Local.Count(address => db.Entry(address).State is EntityState.Added);
        if (had >= account.AddressLimit)
        {
            return Refusal.Limit(
                $"Your quota is {Counted.Of(account.AddressLimit, "public address")} and you have {had}: release one you no longer need, or ask support for more."
            );
        }

        if (await FreePlace.FindAsync(db, region, actor.AccountId, name, now, ct) is not { } made)
        {
            return Refusal.Limit("The region has no public address left at the moment.");
        }

        db.PublicAddresses.Add(made);
        await Meter.RecordAsync(db, made, [(Skus.Address, 1)], now, ct);
        db.AuditEntries.Add(actor.Audit(now, "AllocateAddress", made.Id, after: AuditDetails(made)));
        return made;
    }

    private static object AuditDetails(PublicAddress address) =>
        new
        {
            address.Name,
            Address = address.Address?.ToString(),
            Ports = address.FirstPort,
        };

    private Task<Outcome<PublicAddress>> ChangeAsync(
        Actor actor,
        string id,
        Func<PortalDb, PublicAddress, Task<Refusal?>> change,
        CancellationToken ct
    ) =>
        dbs.ChangeAsync<PublicAddress>(
            actor,
            async (db, _) =>
                await db.PublicAddresses.SingleOrDefaultAsync(
                    address => address.AccountId == actor.AccountId && address.Id == id && address.ReleasedAt == null,
                    ct
                )
                    is not { } address
                    ? Refusal.NotFound("There is no such public address any more.")
                : await change(db, address) is { } refusal ? refusal
                : address,
            ct
        );

    /// <summary>The networks with these ids that there still are, in the order of their ids.</summary>
    private static async Task<List<Network>> LockAsync(PortalDb db, Actor actor, IEnumerable<string?> ids, CancellationToken ct)
    {
        var locked = new List<Network>();
        foreach (var id in ids.OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (await db.LockNetworkAsync(actor.AccountId, id, ct) is { } network)
            {
                locked.Add(network);
            }
        }

        return locked;
    }
}
