using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Monitoring;

/// <summary>
/// Looks at all the region's alert rules after each minute's samples. A rule's change, its mail and its audit entry are one transaction: so
/// each crossing tells once, whenever the worker is killed.
/// </summary>
public sealed class AlertCheck(IConfiguration configuration, RegionName region, TimeProvider clock)
{
    /// <summary>Minutes without a sample after which a machine is taken for one that does not run.</summary>
    private const int Silence = 5;

    public async Task RunAsync(PortalDb db, DateTimeOffset minute, CancellationToken ct)
    {
        await ForgetAsync(db, ct);
        var round = new Round();
        await round.EachAsync(
            await JudgeAsync(db, minute, ct),
            verdict => verdict.Id,
            (verdict, token) => ApplyAsync(db, verdict, minute, token),
            ct
        );
        round.End();
    }

    /// <summary>What was terminated or deleted is watched no longer.</summary>
    private async Task ForgetAsync(PortalDb db, CancellationToken ct) =>
        await db
            .AlertRules.Where(rule =>
                rule.RegionId == region.Id
                && (
                    db.Instances.Any(instance => instance.Id == rule.ResourceId && instance.State == InstanceState.Terminated)
                    || db.Volumes.Any(volume => volume.Id == rule.ResourceId && volume.State == VolumeState.Deleted)
                )
            )
            .ExecuteDeleteAsync(ct);

    /// <summary>
    /// The rules that may have to change, each with what its minutes say. A machine that does not run is not measured, which after some
    /// minutes ends an alert; one that was only busy at a look, or away for a reboot, is measured again before that.
    /// </summary>
    private Task<List<Verdict>> JudgeAsync(PortalDb db, DateTimeOffset minute, CancellationToken ct) =>
        db
            .Database.SqlQuery<Verdict>(
                $"""
                SELECT judged."Id", judged."Measured", judged."Beyond", judged."Value" FROM (
                    SELECT r."Id", r."Minutes", r."FiringSince", count(s.value)::int AS "Seen", count(s.value) FILTER (WHERE s."At" > {minute} - make_interval(mins => r."Minutes"))::int AS "Measured",
                        count(*) FILTER (WHERE s."At" > {minute} - make_interval(mins => r."Minutes") AND CASE r."Side" WHEN 'Above' THEN s.value > r."Threshold" ELSE s.value < r."Threshold" END)::int AS "Beyond",
                        (array_agg(s.value ORDER BY s."At" DESC) FILTER (WHERE s.value IS NOT NULL))[1] AS "Value"
                    FROM "AlertRules" r LEFT JOIN LATERAL (
                        SELECT s."At", CASE r."Metric" WHEN 'Cpu' THEN s."Cpu" WHEN 'Memory' THEN s."Memory" WHEN 'DiskRead' THEN s."DiskRead" WHEN 'DiskWrite' THEN s."DiskWrite"
                            WHEN 'DiskReads' THEN s."DiskReads" WHEN 'DiskWrites' THEN s."DiskWrites" WHEN 'NetworkIn' THEN s."NetworkIn" WHEN 'NetworkOut' THEN s."NetworkOut" END AS value
                        FROM "MetricSamples" s
                        WHERE s."AccountId" = r."AccountId" AND s."ResourceId" = r."ResourceId" AND s."Resolution" = 1
                            AND s."At" > {minute} - make_interval(mins => greatest(r."Minutes", {Silence})) AND s."At" <= {minute}) s ON TRUE
                    WHERE r."RegionId" = {region.Id}
                    GROUP BY r."Id") judged
                WHERE CASE WHEN judged."FiringSince" IS NULL THEN judged."Measured" >= judged."Minutes" AND judged."Beyond" = judged."Measured"
                    ELSE judged."Seen" = 0 OR (judged."Measured" >= judged."Minutes" AND judged."Beyond" = 0) END
                """
            )
            .ToListAsync(ct);

    private async Task ApplyAsync(PortalDb db, Verdict verdict, DateTimeOffset minute, CancellationToken ct)
    {
        db.ChangeTracker.Clear();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var rule = await db
            .AlertRules.FromSql($"""SELECT r.*, r.xmin FROM "AlertRules" r WHERE r."Id" = {verdict.Id} FOR UPDATE""")
            .SingleOrDefaultAsync(ct);
        if (rule is null || !(verdict.Measured == 0 ? rule.ObserveNothing() : rule.Observe(verdict.Measured, verdict.Beyond, minute)))
        {
            return;
        }

        var name =
            await db
                .Instances.Where(instance => instance.Id == rule.ResourceId)
                .Select(instance => instance.Name)
                .Concat(db.Volumes.Where(volume => volume.Id == rule.ResourceId).Select(volume => volume.Name))
                .SingleOrDefaultAsync(ct)
            ?? rule.ResourceId;
        var to = await db
            .Users.Where(user => user.Id == rule.UserId && user.AccountId == rule.AccountId && user.EmailConfirmed)
            .Select(user => user.Email)
            .SingleOrDefaultAsync(ct);
        if (to is not null)
        {
            db.Mails.Add(Tell(rule, name, to, verdict.Value, minute));
        }

        db.AuditEntries.Add(
            Actor
                .Portal(rule.AccountId)
                .Audit(
                    clock.GetUtcNow(),
                    rule.FiringSince is null ? "AlarmRecovered" : "AlarmFired",
                    rule.ResourceId,
                    after: new { Alert = rule.Sentence }
                )
        );
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
    }

    private Mail Tell(AlertRule rule, string name, string to, double? value, DateTimeOffset minute)
    {
        var (kind, pages) = Metrics.IsVolume(rule.ResourceId) ? ("volume", "volumes") : ("instance", "instances");
        var now = value is { } measured
            ? $"It is {rule.Metric.Quantity(measured)} as of {minute:yyyy-MM-dd HH:mm} UTC."
            : $"It is measured no longer: {(kind is "volume" ? "no running instance has it" : "the instance does not run")}.";
        var origin = configuration["Portal:Url"]?.TrimEnd('/');
        return Mail.Write(
            rule.AccountId,
            to,
            Subject($"{(rule.FiringSince is null ? "Over" : "Alert")}: {rule.Metric.Label()} of {name}"),
            $"{name} ({rule.ResourceId}): {rule.Sentence}{(rule.FiringSince is null ? " no longer holds" : "")}. {now}",
            origin is null ? null : ("Look at it", $"{origin}/{pages}/{rule.ResourceId}?tab=metrics"),
            $"You asked for this mail by an alert of this {kind}. Delete the alert to get no more.",
            clock.GetUtcNow()
        );
    }

    private static string Subject(string text) => text.Length <= 255 ? text : text[..255];

    private sealed record Verdict(string Id, int Measured, int Beyond, double? Value);
}
