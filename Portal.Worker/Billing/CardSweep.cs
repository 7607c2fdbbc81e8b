using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Billing;

/// <summary>
/// Picks up attempts to add a card of which nothing was heard (a lost webhook, a closed tab, a killed worker), and detaches cards that
/// left.
/// </summary>
public sealed partial class CardSweep(
    IDbContextFactory<PortalDb> dbs,
    IServiceScopeFactory scopes,
    TimeProvider clock,
    ILogger<CardSweep> log
) : Sweep(TimeSpan.FromSeconds(2), clock, log)
{
    private readonly TimeProvider clock = clock;
    private readonly ILogger log = log;

    public override async Task SweepAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var round = new Round();
        await round.EachAsync(
            await DueAsync(now, ct),
            id => $"{id}",
            async (id, token) =>
            {
                await using var scope = scopes.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<ICardSetupJob>().ApplyAsync(id, token);
            },
            ct
        );
        await round.EachAsync(["Cards that left"], what => what, (_, token) => DetachAsync(token), ct);
        round.End();
    }

    private async Task DetachAsync(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            await scope.ServiceProvider.GetRequiredService<CardDetachment>().RunAsync(ct);
        }
        catch (Exception error) when (Declines.IsPassing(error, ct))
        {
            LogAway(log, error.Message);
        }
    }

    private async Task<List<Guid>> DueAsync(DateTimeOffset now, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        return await db
            .CardSetups.Where(setup => setup.SettledAt == null && setup.CheckAt <= now)
            .OrderBy(setup => setup.CheckAt)
            .Select(setup => setup.Id)
            .Take(100)
            .ToListAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stripe does not answer; cards that left are detached later: {Reason}")]
    private static partial void LogAway(ILogger log, string reason);
}
