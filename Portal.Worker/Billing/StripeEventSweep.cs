using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Billing;

/// <summary>
/// Applies stored events in batches, as soon as the web rings and once a second anyway. A batch is claimed by moving its next attempt into
/// the future, so several workers do not take the same one, and a killed one loses nothing.
/// </summary>
public sealed partial class StripeEventSweep(
    IDbContextFactory<PortalDb> dbs,
    IServiceScopeFactory scopes,
    Changes changes,
    TimeProvider clock,
    ILogger<StripeEventSweep> log
) : Sweep(TimeSpan.FromSeconds(1), clock, log, changes, "StripeEvents")
{
    private const int Batch = 100;
    private const int AtOnce = 4;

    private static readonly TimeSpan Claim = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private readonly TimeProvider clock = clock;
    private readonly ILogger log = log;

    public override async Task SweepAsync(CancellationToken ct)
    {
        await IgnoreUnknownAsync(ct);
        while (await ClaimAsync(ct) is { Count: > 0 } batch)
        {
            await Parallel.ForEachAsync(batch, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, ApplyAsync);
        }
    }

    private async Task IgnoreUnknownAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(ct);
        await db
            .StripeEvents.Where(stored => stored.AppliedAt == null && !StripeEventJob.Known.Contains(stored.Type))
            .ExecuteUpdateAsync(stored => stored.SetProperty(one => one.AppliedAt, now).SetProperty(one => one.IsIgnored, true), ct);
    }

    private async Task<List<string>> ClaimAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(ct);
        return await db
            .Database.SqlQuery<string>(
                $"""
                UPDATE "StripeEvents" SET "ApplyAt" = {now + Claim}, "Attempts" = "Attempts" + 1
                WHERE "Id" IN (SELECT "Id" FROM "StripeEvents" WHERE "AppliedAt" IS NULL AND "ApplyAt" <= {now} ORDER BY "ApplyAt" LIMIT {Batch} FOR UPDATE SKIP LOCKED)
                RETURNING "Id" AS "Value"
                """
            )
            .ToListAsync(ct);
    }

    private async ValueTask ApplyAsync(string id, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            await scope.ServiceProvider.GetRequiredService<IStripeEventJob>().ApplyAsync(id, ct);
        }
        catch (Exception error) when (!ct.IsCancellationRequested)
        {
            LogFailed(log, id, error);
            await PutOffAsync(id, error.Message, ct);
        }
    }

    private async Task PutOffAsync(string id, string problem, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var stored = await db.StripeEvents.SingleAsync(failed => failed.Id == id, ct);
        var pause = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, stored.Attempts), LongestPause.TotalSeconds));
        (stored.ApplyAt, stored.Problem) = (clock.GetUtcNow() + pause, problem.Length > 2000 ? problem[..2000] : problem);
        await db.SaveChangesAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Event {EventId} could not be applied; it is tried again")]
    private static partial void LogFailed(ILogger log, string eventId, Exception error);
}
