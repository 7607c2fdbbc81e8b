using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Networking;

/// <param name="Status">E.g. <c>leads there</c>, or that its worker has not followed yet.</param>
public sealed record AddressRow(PublicAddress Address, string? InstanceId, string Status);

/// <summary>Somewhere an address can lead to.</summary>
public sealed record AddressTarget(string InterfaceId, string InstanceId, string Label);

/// <summary>An account's public addresses with all that their page shows.</summary>
public sealed record AddressesView(
    Region Region,
    IReadOnlyList<AddressRow> Addresses,
    IReadOnlyList<AddressTarget> Targets,
    Forecast Forecast,
    Refusal? WhyNoBilling,
    int Limit
)
{
    public decimal MonthEndWithOneMore => Forecast.MonthEndWith([new Addition("new", Skus.Address, 1)]);

    public static async Task<AddressesView> LoadAsync(
        IDbContextFactory<PortalDb> dbs,
        PriceList priceList,
        Actor actor,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var prices = await priceList.GetAsync(ct);
        await using var db = await dbs.CreateDbContextAsync(ct);
        var networkInterfaces = await (
            from networkInterface in db.NetworkInterfaces
            join instance in db.Instances on networkInterface.InstanceId equals instance.Id
            where networkInterface.AccountId == actor.AccountId && instance.Goal != InstanceGoal.Terminated
            orderby instance.Name, networkInterface.Position
            select new
            {
                networkInterface.Id,
                networkInterface.InstanceId,
                instance.Name,
                networkInterface.Address,
                networkInterface.NetworkId,
            }
        ).ToListAsync(ct);
        var applied = await db
            .Networks.AsNoTracking()
            .Where(network => network.AccountId == actor.AccountId && network.DeletedAt == null)
            .ToDictionaryAsync(network => network.Id, network => network.IsApplied, StringComparer.Ordinal, ct);
        var addresses = await db
            .PublicAddresses.AsNoTracking()
            .Where(address => address.AccountId == actor.AccountId && address.ReleasedAt == null)
            .OrderBy(address => address.CreatedAt)
            .ToListAsync(ct);
        return new AddressesView(
            await db.Regions.AsNoTracking().SingleAsync(region => region.Id == DefaultNetwork.Region, ct),
            [
                .. addresses.Select(address => new AddressRow(
                    address,
                    networkInterfaces.Find(networkInterface => networkInterface.Id == address.InterfaceId)?.InstanceId,
                    address.NetworkId is { } network && !applied.GetValueOrDefault(network) ? "updating"
                        : address.InterfaceId is null ? "unused"
                        : "associated"
                )),
            ],
            [
                .. networkInterfaces.Select(networkInterface => new AddressTarget(
                    networkInterface.Id,
                    networkInterface.InstanceId,
                    $"{networkInterface.Name} — {networkInterface.Address}"
                )),
            ],
            await Forecast.LoadAsync(db, prices, actor.AccountId, now, ct),
            await CardCheck.WhyNoBillingAsync(db, actor.AccountId, now, ct),
            await db.Accounts.Where(account => account.Id == actor.AccountId).Select(account => account.AddressLimit).SingleAsync(ct)
        );
    }
}
