using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Operators;

/// <summary>
/// Tells operators of what this worker does again and again and what fails each time: the log alone is read by nobody, and a thing that
/// stands still (metering, say) looks like one for which there is nothing to do.
/// </summary>
/// <param name="hosted">All that this process runs, asked for when all of it is made.</param>
public sealed class SweepWatch(
    IDbContextFactory<PortalDb> dbs,
    Func<IEnumerable<IHostedService>> hosted,
    RegionName region,
    TimeProvider clock,
    ILogger<SweepWatch> log
) : Sweep(TimeSpan.FromSeconds(10), clock, log)
{
    private const int ManyRounds = 10;

    /// <summary>Rounds may follow each other within a second: a database or an engine that starts anew is no incident.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>However few rounds that were.</summary>
    private static readonly TimeSpan LongTime = TimeSpan.FromMinutes(10);

    private readonly TimeProvider clock = clock;

    /// <summary>
    /// Those of which no incident of this process is open. One of the process before it may be: a good round closes that too. Not every
    /// good round: another worker of the region may be the one that fails.
    /// </summary>
    private readonly HashSet<Sweep> good = [];

    private List<Sweep>? sweeps;

    public override async Task SweepAsync(CancellationToken ct)
    {
        sweeps ??= [.. hosted().OfType<Sweep>().Where(sweep => sweep != this)];
        var round = new Round();
        await round.EachAsync(sweeps, NameOf, LookAsync, ct);
        round.End();
    }

    private async Task LookAsync(Sweep sweep, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        if (sweep.Failures is { } failures)
        {
            if (IsLong(failures, now) && !await IsToldOtherwiseAsync(db, failures, ct))
            {
                await Incidents.OpenAsync(db, null, NameOf(sweep), IncidentKinds.SweepFails, Told(sweep, failures), now, ct);
                good.Remove(sweep);
            }
        }
        else if (sweep.HasRun && !good.Contains(sweep))
        {
            await Incidents.CloseAsync(db, NameOf(sweep), IncidentKinds.SweepFails, now, ct);
            good.Add(sweep);
        }
    }

    private static bool IsLong(SweepFailures failures, DateTimeOffset now) =>
        now - failures.Since >= LongTime || (failures.Rounds >= ManyRounds && now - failures.Since >= Patience);

    /// <summary>An engine or store that is away has an incident of its own, and all that needs it fails meanwhile.</summary>
    private async Task<bool> IsToldOtherwiseAsync(PortalDb db, SweepFailures failures, CancellationToken ct) =>
        failures.Last is EngineException { Fault: EngineFault.Unavailable }
        && await db.Incidents.AnyAsync(
            incident =>
                incident.Kind == IncidentKinds.EngineAway
                && incident.ClosedAt == null
                && (incident.ResourceId == region.Id || incident.ResourceId == "s3-" + region.Id),
            ct
        );

    private string NameOf(Sweep sweep) => $"{sweep.GetType().Name}-{region.Id}";

    private static string Told(Sweep sweep, SweepFailures failures)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{sweep.GetType().Name} has failed {failures.Rounds} times in a row since {failures.Since:yyyy-MM-dd HH:mm} UTC: {failures.Last.Message}"
        );
        return text.Length <= 2048 ? text : text[..2048];
    }
}
