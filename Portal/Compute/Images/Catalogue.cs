using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Compute;

/// <summary>A size with what it costs, its root disk included; US dollars.</summary>
public sealed record OfferedSize(InstanceSize Size, decimal PerHour, decimal PerMonth)
{
    public static async Task<IReadOnlyList<OfferedSize>> LoadAsync(
        PortalDb db,
        IReadOnlyList<Price> prices,
        DateTimeOffset now,
        CancellationToken ct
    ) => [.. (await db.InstanceSizes.AsNoTracking().OrderBy(size => size.Position).ToListAsync(ct)).Select(size => Of(size, prices, now))];

    /// <summary>What is billed for one instance of this size, a line of the bill for each.</summary>
    public static IEnumerable<Addition> Parts(InstanceSize size, string id) => [new(id, size.Sku, 1), new(id, Skus.Disk, size.DiskGiB)];

    private static OfferedSize Of(InstanceSize size, IReadOnlyList<Price> prices, DateTimeOffset now)
    {
        decimal PriceOf(string sku) =>
            prices.Where(price => price.Sku == sku && price.From <= now).MaxBy(price => price.From)?.PerHour ?? 0;
        return new OfferedSize(
            size,
            Parts(size, size.Id).Sum(part => part.Quantity * PriceOf(part.Sku)),
            ResourceCost.MonthOf(Parts(size, size.Id), prices, now)
        );
    }
}

public sealed record OfferedSubnet(string Id, string Name, IPNetwork Range, string NetworkId, string NetworkName);

/// <summary>What the create page offers one account at one moment, and what it would cost.</summary>
public sealed class Catalogue
{
    public required IReadOnlyList<Image> Images { get; init; }

    /// <summary>The account's own, by name, those that are still being made included.</summary>
    public required IReadOnlyList<PrivateImage> Own { get; init; }

    /// <summary>What a volume may begin as, the newest first.</summary>
    public required IReadOnlyList<Snapshot> VolumeSnapshots { get; init; }

    /// <summary>Those of root disks: what an instance may begin as besides an image.</summary>
    public IEnumerable<Snapshot> Snapshots => VolumeSnapshots.Where(snapshot => snapshot is { HoldsSystem: true, PrivateImageId: null });

    public required IReadOnlyList<OfferedType> VolumeTypes { get; init; }

    public required IReadOnlyList<OfferedSize> Sizes { get; init; }

    public required IReadOnlyList<KeyPair> Keys { get; init; }

    /// <summary>Where an instance can be, the account's oldest network first; its subnets in the order in which they were made.</summary>
    public required IReadOnlyList<OfferedSubnet> Subnets { get; init; }

    /// <summary>By the network that they belong to, its default group first.</summary>
    public required ILookup<string, SecurityGroup> Groups { get; init; }

    public required IReadOnlyDictionary<string, FreeCapacity> Free { get; init; }

    /// <summary>Regions whose engine does not answer: what is asked for there waits.</summary>
    public required IReadOnlySet<string> Away { get; init; }

    public required IReadOnlyList<Price> Prices { get; init; }

    public required Forecast Forecast { get; init; }

    /// <summary>Whether the person's address is confirmed, and why nothing may be billed yet.</summary>
    public required bool Confirmed { get; init; }

    public required Refusal? WhyNoBilling { get; init; }

    public required Account Account { get; init; }

    /// <summary>How many instances and processors the account has already.</summary>
    public required (int Instances, int Vcpus) Used { get; init; }

    /// <summary>Regions whose guests are emulated: a whole distribution takes minutes to boot there.</summary>
    public required IReadOnlySet<string> Emulated { get; init; }

    /// <summary>Debian where it is ready and guests run at the processor's speed, else what boots fastest.</summary>
    public Image? DefaultImage =>
        Images
            .Where(image => image.WhyNot is null)
            .OrderByDescending(image => image.Name.StartsWith("Debian", StringComparison.Ordinal) && !Emulated.Contains(image.RegionId))
            .ThenBy(image => image.MinMemoryMiB)
            .FirstOrDefault();

    /// <summary>What an image is, and where that is so, that it takes its time.</summary>
    public string About(Image image) => About(image, Images, Emulated.Contains(image.RegionId));

    /// <summary>All but the smallest there are: what an emulated guest boots within seconds has no distribution in it.</summary>
    public static string About(Image image, IEnumerable<Image> all, bool isEmulated) =>
        isEmulated && image.MinMemoryMiB > all.Min(other => other.MinMemoryMiB)
            ? $"{image.Description} Guests are emulated on this machine: it takes several minutes to boot."
            : image.Description;

    public static async Task<Catalogue> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var free = new Dictionary<string, FreeCapacity>(StringComparer.Ordinal);
        var regions = await db.Regions.AsNoTracking().ToListAsync(ct);
        foreach (var region in regions)
        {
            free[region.Id] = await FreeCapacity.OfAsync(db, region, ct);
        }

        return new Catalogue
        {
            Images = await db
                .Images.AsNoTracking()
                .Where(image => image.State != ImageState.Retired)
                .OrderBy(image => image.MinMemoryMiB)
                .ThenBy(image => image.Name)
                .ToListAsync(ct),
            Own = await OwnAsync(db, actor, ct),
            VolumeSnapshots = await db
                .Snapshots.AsNoTracking()
                .Include(snapshot => snapshot.Image)
                .Where(snapshot =>
                    snapshot.AccountId == actor.AccountId && snapshot.State == SnapshotState.Completed && !snapshot.IsDeleting
                )
                .OrderByDescending(snapshot => snapshot.CreatedAt)
                .ThenBy(snapshot => snapshot.Id)
                .ToListAsync(ct),
            VolumeTypes = await OfferedType.LoadAsync(db, prices, now, ct),
            Sizes = await OfferedSize.LoadAsync(db, prices, now, ct),
            Keys = await db
                .KeyPairs.AsNoTracking()
                .Where(key => key.AccountId == actor.AccountId)
                .OrderByDescending(key => key.CreatedAt)
                .ToListAsync(ct),
            Subnets = await SubnetsAsync(db, actor, ct),
            Groups = (
                await db
                    .SecurityGroups.AsNoTracking()
                    .Where(group => group.AccountId == actor.AccountId)
                    .OrderByDescending(group => group.IsDefault)
                    .ThenBy(group => group.Name)
                    .ToListAsync(ct)
            ).ToLookup(group => group.NetworkId, StringComparer.Ordinal),
            Free = free,
            Away = regions.Where(region => region.AwaySince is not null).Select(region => region.Id).ToHashSet(StringComparer.Ordinal),
            Emulated = regions.Where(region => region.IsEmulated).Select(region => region.Id).ToHashSet(StringComparer.Ordinal),
            Prices = prices,
            Forecast = await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct),
            Confirmed = await db.Users.AnyAsync(
                user => user.Id == actor.UserId && user.AccountId == actor.AccountId && user.EmailConfirmed,
                ct
            ),
            Account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == actor.AccountId, ct),
            Used = await CreateInstance.UsedAsync(db, actor.AccountId, ct),
            WhyNoBilling = await CardCheck.WhyNoBillingAsync(db, actor.AccountId, now, ct),
        };
    }

    /// <summary>The account's own images, by name, those that are still being made included.</summary>
    public static Task<List<PrivateImage>> OwnAsync(PortalDb db, Actor actor, CancellationToken ct) =>
        db
            .PrivateImages.AsNoTracking()
            .Include(image => image.Snapshot)
            .Include(image => image.Base)
            .Where(image =>
                image.AccountId == actor.AccountId
                && !image.Snapshot.IsDeleting
                && (image.Snapshot.State == SnapshotState.Completed || image.Snapshot.State == SnapshotState.Pending)
            )
            .OrderBy(image => image.Name)
            .ThenBy(image => image.Id)
            .ToListAsync(ct);

    /// <summary>Why so many of this size cannot be had with this image; null if they can.</summary>
    public string? WhyNot(InstanceSize size, Image? image, int count, Snapshot? snapshot = null, int volumesGiB = 0) =>
        image is null
            ? null
            : (snapshot is null ? image.WhyNotOn(size) : image.WhyNotFit(size) ?? snapshot.WhyNotRestoreTo(size.DiskGiB))
                ?? (Free.TryGetValue(image.RegionId, out var free) ? free.WhyNot(size, count, volumesGiB) : null);

    /// <summary>What is asked for, a line of the bill for each; sizes of volumes that are no sizes count as nothing.</summary>
    public IReadOnlyList<Addition> Parts(InstanceSize size, int count, bool withAddress, IReadOnlyCollection<VolumeRow> volumes) =>
        [
            .. Enumerable
                .Range(0, count)
                .SelectMany(index =>
                    OfferedSize
                        .Parts(size, $"new-{index}")
                        .Concat(
                            volumes
                                .Index()
                                .Select(row => new Addition($"volume-{index}-{row.Index}", Skus.Volume(row.Item.TypeId), row.Item.GiB ?? 0))
                        )
                        .Concat(withAddress ? [new Addition($"address-{index}", Skus.Address, 1)] : [])
                ),
        ];

    /// <summary>US dollars, at the prices of this moment.</summary>
    public decimal PerHour(IEnumerable<Addition> parts) => parts.Sum(part => part.Quantity * (Forecast.PriceOf(part.Sku) ?? 0));

    public decimal PerMonth(IEnumerable<Addition> parts) => ResourceCost.MonthOf(parts, Prices, Forecast.Now);

    private static async Task<IReadOnlyList<OfferedSubnet>> SubnetsAsync(PortalDb db, Actor actor, CancellationToken ct) =>
        await (
            from subnet in db.Subnets
            join network in db.Networks on subnet.NetworkId equals network.Id
            where network.AccountId == actor.AccountId && network.DeletingSince == null
            orderby network.CreatedAt, subnet.CreatedAt, subnet.Id
            select new OfferedSubnet(subnet.Id, subnet.Name, subnet.Range, network.Id, network.Name)
        )
            .AsNoTracking()
            .ToListAsync(ct);
}
