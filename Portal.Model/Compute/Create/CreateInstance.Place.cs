using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Networking;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>Whether, where and with which key; all read inside the transaction.</summary>
public sealed partial class CreateInstance
{
    private async Task<Outcome> CheckPayerAsync(PortalDb db, Actor actor, CancellationToken ct) =>
        await db.WhyMayNotCreateAsync(actor, ct) ?? await CardCheck.WhyNoBillingAsync(db, actor.AccountId, clock.GetUtcNow(), ct);

    private static async Task<Outcome<Place>> FindPlaceAsync(
        PortalDb db,
        Actor actor,
        Account account,
        NewInstances request,
        CancellationToken ct
    )
    {
        var own = await db
            .PrivateImages.AsNoTracking()
            .Include(known => known.Base)
            .Include(known => known.Snapshot)
            .FirstOrDefaultAsync(known => known.AccountId == actor.AccountId && known.Id == request.ImageId, ct);
        var image = own?.Base ?? await db.Images.FindAsync([request.ImageId], ct);
        var snapshotId = own?.SnapshotId ?? request.SnapshotId;
        var size = await db.InstanceSizes.FindAsync([request.SizeId], ct);
        if (image is null || size is null)
        {
            return Refusal.NotFound(image is null ? "There is no such image." : "There is no such size.");
        }

        if (
            (
                Refusal.State(own?.WhyNot ?? (snapshotId is null ? image.WhyNot : null))
                ?? Refusal.Invalid(image.WhyNotFit(size))
                ?? Refusal.Limit(WhyNotWithinQuota(account, await UsedAsync(db, account.Id, ct), size, request.Count))
                ?? await VolumeQuota.WhyNotAsync(
                    db,
                    account,
                    request.Count * (1 + request.Volumes.Count),
                    request.Count * (size.DiskGiB + VolumesGiB(request)),
                    ct
                )
            ) is
            { } refusal
        )
        {
            return refusal;
        }

        if (
            (
                await WhyNotVolumesAsync(db, actor, image.RegionId, request, ct)
                ?? (snapshotId is null ? null : await WhyNotFromAsync(db, actor, snapshotId, image, size, ct))
            ) is
            { } unfit
        )
        {
            return unfit;
        }

        // Ports are shared by all customers of a region: requests for them queue up at its row.
        var region = await db.LockRegionAsync(image.RegionId, ct);
        return (await FreeCapacity.OfAsync(db, region, ct)).WhyNot(size, request.Count, VolumesGiB(request)) is { } full
            ? Refusal.Limit(full)
            : await TakeAsync(db, actor, image, snapshotId, size, region, request, ct);
    }

    private static async Task<Refusal?> WhyNotFromAsync(
        PortalDb db,
        Actor actor,
        string snapshotId,
        Image image,
        InstanceSize size,
        CancellationToken ct
    ) =>
        // Under its lock: a deletion that comes before is seen here, one that comes after waits until the root disks are made.
        await db.LockSnapshotAsync(actor.AccountId, snapshotId, ct) is not { } snapshot
        || snapshot.ImageId != image.Id
            ? Refusal.NotFound("There is no such snapshot of a root disk.")
            : snapshot.WhyNotRestoreTo(size.DiskGiB);

    private static async Task<Outcome<Place>> TakeAsync(
        PortalDb db,
        Actor actor,
        Image image,
        string? snapshotId,
        InstanceSize size,
        Region region,
        NewInstances request,
        CancellationToken ct
    )
    {
        if (await FindSubnetAsync(db, actor, region, request, ct) is not { } subnet)
        {
            return Refusal.NotFound(
                request.SubnetId is null
                    ? "You have no network to put it into: create one first."
                    : "There is no such subnet any more: choose another."
            );
        }

        var network = await db.Networks.AsNoTracking().SingleAsync(network => network.Id == subnet.NetworkId, ct);
        var groups =
            request.SecurityGroupIds.Count > 0
                ? request.SecurityGroupIds
                : await db
                    .SecurityGroups.Where(rules => rules.NetworkId == network.Id && rules.IsDefault)
                    .Select(rules => rules.Id)
                    .ToListAsync(ct);
        if ((Refusal.State(network.WhyNotChange) ?? await Interfaces.WhyNotGroupsAsync(db, network, groups, ct)) is { } refusal)
        {
            return refusal;
        }

        var addresses = await FreeAddresses.TakeAsync(db, subnet, request.Count, ct);
        var ports = await FreePortsAsync(db, region, request.Count, ct);
        return (addresses.Count < request.Count, ports.Count < request.Count) switch
        {
            (true, _) => Refusal.Limit(
                $"The subnet {subnet.Name} ({subnet.Range}) has {addresses.Count} addresses left: choose another, or terminate what you no longer need."
            ),
            (_, true) => Refusal.Limit("The region has no public port left at the moment."),
            _ => new Place(image, snapshotId, size, region, network.ProjectId, subnet, groups, addresses, ports),
        };
    }

    /// <summary>The one that was chosen, or the first of the oldest network.</summary>
    private static Task<Subnet?> FindSubnetAsync(PortalDb db, Actor actor, Region region, NewInstances request, CancellationToken ct) =>
        (
            from subnet in db.Subnets
            join network in db.Networks on subnet.NetworkId equals network.Id
            where
                network.AccountId == actor.AccountId
                && network.RegionId == region.Id
                && network.DeletedAt == null
                && (request.SubnetId == null ? network.DeletingSince == null : subnet.Id == request.SubnetId)
            orderby network.CreatedAt, subnet.CreatedAt, subnet.Id
            select subnet
        ).FirstOrDefaultAsync(ct);

    /// <summary>Allocates an address for each, and leads it there; in the same transaction as the instances.</summary>
    private async Task<Outcome> AssociateAddressesAsync(
        PortalDb db,
        Account account,
        Actor actor,
        Place place,
        IReadOnlyList<Instance> made,
        CancellationToken ct
    )
    {
        foreach (var instance in made)
        {
            var allocated = await PublicAddresses.AllocateAsync(db, account, actor, place.Region, instance.Name, clock.GetUtcNow(), ct);
            if (allocated.Value is not { } address)
            {
                return allocated.Refusal!;
            }

            var networkInterface = instance.Interfaces.Single();
            address.Associate(networkInterface);
            db.AuditEntries.Add(
                actor.Audit(
                    clock.GetUtcNow(),
                    "AssociateAddress",
                    address.Id,
                    after: new { Interface = networkInterface.Id, Instance = instance.Id }
                )
            );
        }

        return Outcome.Done;
    }

    /// <summary>How many instances and processors the account has.</summary>
    public static async Task<(int Instances, int Vcpus)> UsedAsync(PortalDb db, string accountId, CancellationToken ct)
    {
        var living = db.Instances.Where(instance => instance.AccountId == accountId && instance.State != InstanceState.Terminated);
        return (await living.CountAsync(ct), await living.SumAsync(instance => instance.Vcpus, ct));
    }

    /// <summary>Why so many more are more than the account may have; null if they are not.</summary>
    public static string? WhyNotWithinQuota(Account account, (int Instances, int Vcpus) used, InstanceSize size, int count)
    {
        var (instances, vcpus) = used;
        return (instances + count > account.InstanceLimit, vcpus + (size.Vcpus * count) > account.VcpuLimit) switch
        {
            (true, _) =>
                $"Your quota is {Counted.Of(account.InstanceLimit, "instance")} and you have {instances}: terminate one you no longer need, or ask support for more.",
            (_, true) =>
                $"Your quota is {Counted.Of(account.VcpuLimit, "vCPU")} and you use {vcpus}: choose a smaller size, or ask support for more.",
            _ => null,
        };
    }

    private static Task<List<int>> FreePortsAsync(PortalDb db, Region region, int count, CancellationToken ct) =>
        db
            .Database.SqlQuery<int>(
                $"""
                SELECT port AS "Value" FROM generate_series({region.FirstPublicPort}, {region.LastPublicPort}) AS port
                WHERE NOT EXISTS (SELECT 1 FROM "Instances" WHERE "RegionId" = {region.Id} AND "PublicPort" = port)
                ORDER BY port LIMIT {count}
                """
            )
            .ToListAsync(ct);

    private async Task<Outcome<KeyPair?>> FindKeyAsync(PortalDb db, Actor actor, NewInstances request, CancellationToken ct)
    {
        if (request.KeyPairId is { } id)
        {
            var chosen = await db.KeyPairs.FirstOrDefaultAsync(key => key.AccountId == actor.AccountId && key.Id == id, ct);
            return new(chosen, chosen is null ? Refusal.NotFound(KeyPair.Gone) : null);
        }

        if (request.PublicKey is null)
        {
            return new(null, null);
        }

        var kept = await KeyPairs.KeepAsync(db, actor, request.KeyName ?? "", request.PublicKey, request.Name, clock.GetUtcNow(), ct);
        return new(kept.Value, kept.Refusal);
    }
}
