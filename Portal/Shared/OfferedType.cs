using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Shared;

/// <summary>A type of volume with what a GiB of it costs; US dollars.</summary>
public sealed record OfferedType(VolumeType Type, decimal PerGiBMonth)
{
    public static async Task<IReadOnlyList<OfferedType>> LoadAsync(
        PortalDb db,
        IReadOnlyList<Price> prices,
        DateTimeOffset now,
        CancellationToken ct
    ) =>
        [
            .. (await db.VolumeTypes.AsNoTracking().OrderBy(type => type.Position).ToListAsync(ct)).Select(type => new OfferedType(
                type,
                ResourceCost.MonthOf([new("", type.Sku, 1)], prices, now)
            )),
        ];
}
