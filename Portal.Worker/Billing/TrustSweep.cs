using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Billing;

/// <summary>
/// Looks at accounts that may have passed a limit. Any region's worker may, one at a time. One that cannot be reckoned does not keep the
/// others waiting.
/// </summary>
public sealed class TrustSweep(
    IDbContextFactory<PortalDb> dbs,
    TrustPatrol patrol,
    IConfiguration configuration,
    TimeProvider clock,
    ILogger<TrustSweep> log
) : Sweep(TimeSpan.FromSeconds(10), clock, log)
{
    private const int AtOnce = 500;

    public override async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var lease = await Lease.TryTakeAsync(db, "trust", ct);
        if (lease is null || await db.IsUnreconciledAsync(ct))
        {
            return;
        }

        var link = configuration["Portal:Url"] is { Length: > 0 } origin ? $"{origin.TrimEnd('/')}/billing" : null;
        var round = new Round();
        await round.EachAsync(await patrol.DueAsync(AtOnce, ct), id => id, (id, token) => patrol.RunAsync(id, link, token), ct);
        round.End();
    }
}
