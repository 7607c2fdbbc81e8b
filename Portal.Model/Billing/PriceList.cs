using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

/// <summary>All prices, read at most once a minute: every page that shows money asks for them.</summary>
public sealed class PriceList(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    private volatile Read? last;

    public async ValueTask<IReadOnlyList<Price>> GetAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (last is { } known && now - known.At < Fresh)
        {
            return known.Prices;
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        var read = new Read(now, await db.Prices.AsNoTracking().ToListAsync(ct));
        last = read;
        return read.Prices;
    }

    private sealed record Read(DateTimeOffset At, IReadOnlyList<Price> Prices);
}
