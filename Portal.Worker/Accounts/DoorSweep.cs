using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Accounts;

/// <summary>
/// Throws away what the web's door keeps for a time only: counts that count no more, how somebody signed in before changes that nobody can
/// undo any more, and words of operators that nobody can use any more.
/// </summary>
public sealed class DoorSweep(IDbContextFactory<PortalDb> dbs, TimeProvider clock, ILogger<DoorSweep> log)
    : Sweep(TimeSpan.FromMinutes(1), clock, log)
{
    /// <summary>Longer than a browser keeps the cookie by which it is known.</summary>
    private static readonly TimeSpan DeviceLifetime = TimeSpan.FromDays(401);

    private readonly TimeProvider clock = clock;

    public override async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        var (undone, unseen, unused) = (now - SignInChange.KeptFor, now - DeviceLifetime, now - FactorRemoval.Lifetime);
        await db.Throttles.Where(throttle => throttle.Until <= now).ExecuteDeleteAsync(ct);
        await db.SignInChanges.Where(change => change.At < undone).ExecuteDeleteAsync(ct);
        await db.FactorRemovals.Where(removal => removal.AskedAt < unused).ExecuteDeleteAsync(ct);
        await db.KnownDevices.Where(device => device.UsedAt < unseen).ExecuteDeleteAsync(ct);
    }
}
