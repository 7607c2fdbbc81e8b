using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Operators;

namespace Portal.Worker.Compute;

/// <summary>
/// Brings consoles to browsers: when a ticket of this region has been used, dials the web that holds the browser's socket and joins it with
/// the engine's stream. The worker only ever dials out. Of one console of one instance there is one session: a new one takes it over.
/// </summary>
public sealed partial class Consoles(
    IDbContextFactory<PortalDb> dbs,
    IComputeEngine engine,
    Changes changes,
    RegionName region,
    TimeProvider clock,
    ILogger<Consoles> log
) : BackgroundService
{
    private readonly ConcurrentDictionary<Guid, byte> seen = new();
    private readonly Dictionary<(string Instance, ConsoleKind Kind), ConsoleSession> live = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var listening = changes.Subscribe(
            change => change.Table == "ConsoleTickets",
            change =>
                ReferenceEquals(change, Changes.Missed) || Guid.TryParse(change.Id, out _)
                    ? ServeAsync(change, stoppingToken)
                    : Task.CompletedTask
        );
        await Task.Delay(Timeout.InfiniteTimeSpan, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Serves the ticket that changed, or after a lost connection all that may have; only those just used, once each.</summary>
    private async Task ServeAsync(Change change, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var since = clock.GetUtcNow() - ConsoleTicket.Lifetime;
        var used = db
            .ConsoleTickets.AsNoTracking()
            .Where(ticket =>
                ticket.RegionId == region.Id && ticket.UsedAt > since && ticket.WorkerSecret != null && ticket.RelayUrl != null
            );
        var tickets = await (
            ReferenceEquals(change, Changes.Missed) ? used : used.Where(ticket => ticket.Id == Guid.Parse(change.Id))
        ).ToListAsync(ct);
        foreach (var ticket in tickets.Where(ticket => seen.TryAdd(ticket.Id, 0)))
        {
            _ = RunAsync(ticket, ct);
        }
    }

    private async Task RunAsync(ConsoleTicket ticket, CancellationToken ct)
    {
        await using var session = new ConsoleSession(ticket, engine, ct);
        try
        {
            if (ticket.Kind is not ConsoleKind.Log)
            {
                await TakeOverAsync(session);
            }

            await session.RunAsync();
        }
        catch (Exception error) when (SocketPair.IsGone(error))
        {
            LogGone(log, ticket.InstanceId, error.Message);
        }
        finally
        {
            Forget(session);
        }
    }

    private async Task TakeOverAsync(ConsoleSession session)
    {
        ConsoleSession? before;
        lock (live)
        {
            live.Remove(session.Key, out before);
            live[session.Key] = session;
        }

        if (before is not null)
        {
            await before.EndAsync("The console was opened elsewhere.");
        }
    }

    private void Forget(ConsoleSession session)
    {
        seen.TryRemove(session.TicketId, out _);
        lock (live)
        {
            if (live.TryGetValue(session.Key, out var current) && current == session)
            {
                live.Remove(session.Key);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The console of {Instance} ended: {Reason}")]
    private static partial void LogGone(ILogger log, string instance, string reason);
}
