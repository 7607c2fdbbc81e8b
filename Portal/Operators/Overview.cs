using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>How the cloud is, at a glance.</summary>
public sealed record Overview(
    DateTimeOffset At,
    IReadOnlyList<Region> Regions,
    IReadOnlyList<Incident> Incidents,
    int Accounts,
    IReadOnlyList<Account> Closing,
    int Running,
    int Unsettled,
    int Failed,
    int WaitingMails,
    Incident? Restored
)
{
    private const int MostIncidents = 200;
    private const int MostClosing = 100;

    public static async Task<Overview> LoadAsync(IDbContextFactory<PortalDb> dbs, DateTimeOffset now, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var states = await db
            .Instances.GroupBy(instance => instance.State)
            .Select(group => new { group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.Key, group => group.Count, ct);
        return new Overview(
            now,
            await db.Regions.AsNoTracking().OrderBy(region => region.Id).ToListAsync(ct),
            await db
                .Incidents.AsNoTracking()
                .Where(incident => incident.ClosedAt == null)
                .OrderByDescending(incident => incident.OpenedAt)
                .Take(MostIncidents)
                .ToListAsync(ct),
            await db.Accounts.CountAsync(account => account.ClosedAt == null, ct),
            await db
                .Accounts.AsNoTracking()
                .Where(account => account.ClosingSince != null && account.ClosedAt == null)
                .OrderBy(account => account.ClosingSince)
                .Take(MostClosing)
                .ToListAsync(ct),
            states.GetValueOrDefault(InstanceState.Running),
            states.GetValueOrDefault(InstanceState.Pending)
                + states.GetValueOrDefault(InstanceState.Stopping)
                + states.GetValueOrDefault(InstanceState.ShuttingDown),
            states.GetValueOrDefault(InstanceState.Failed),
            await db.Mails.CountAsync(mail => mail.DueAt != null, ct),
            await Restoration.FindAsync(db, ct)
        );
    }
}
