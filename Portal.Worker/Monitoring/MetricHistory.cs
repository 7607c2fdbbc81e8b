using Microsoft.EntityFrameworkCore;
using Portal.Model.Monitoring;
using Portal.Model.Shared;

namespace Portal.Worker.Monitoring;

/// <summary>
/// Writes samples, makes coarser ones of them and throws away what is too old. Each can be done again, or be killed at any point.
/// </summary>
public sealed class MetricHistory
{
    /// <summary>A worker of another region may still be writing its samples of a minute that is over.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(90);

    /// <summary>So many rows are deleted at a time: no statement of this takes long.</summary>
    private const int DeletedAtOnce = 10_000;

    /// <summary>All samples of one minute in one statement, and a word to the pages of those whose they are.</summary>
    public static async Task WriteAsync(
        PortalDb db,
        IReadOnlyCollection<(string AccountId, string ResourceId, Usage Usage)> samples,
        DateTimeOffset minute,
        CancellationToken ct
    )
    {
        if (samples.Count == 0)
        {
            return;
        }

        string[] Texts(Func<(string AccountId, string ResourceId, Usage Usage), string> of) => [.. samples.Select(of)];
        float?[] Numbers(Func<Usage, float?> of) => [.. samples.Select(sample => of(sample.Usage))];
        var accounts = Texts(sample => sample.AccountId);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "MetricSamples" ("AccountId", "ResourceId", "Resolution", "At", "Cpu", "Memory", "DiskRead", "DiskWrite", "DiskReads", "DiskWrites", "NetworkIn", "NetworkOut")
            SELECT account, resource, 1, {minute}, cpu, memory, read, write, reads, writes, received, sent
            FROM unnest({accounts}, {Texts(sample => sample.ResourceId)}, {Numbers(usage => usage.Cpu)}, {Numbers(usage => usage.Memory)},
                {Numbers(usage => usage.DiskRead)}, {Numbers(usage => usage.DiskWrite)}, {Numbers(usage => usage.DiskReads)}, {Numbers(
                usage => usage.DiskWrites
            )},
                {Numbers(usage => usage.NetworkIn)}, {Numbers(usage => usage.NetworkOut)})
                AS sample (account, resource, cpu, memory, read, write, reads, writes, received, sent)
            ON CONFLICT DO NOTHING
            """,
            ct
        );
        await db.Database.ExecuteSqlAsync(
            $"""SELECT pg_notify({DatabaseObjects.Channel}, 'MetricSamples ' || account || ' -') FROM unnest({accounts.Distinct(StringComparer.Ordinal).ToArray()}) AS account""",
            ct
        );
        await transaction.CommitAsync(ct);
    }

    /// <summary>One worker at a time is enough.</summary>
    public async Task TidyAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        await using var lease = await Lease.TryTakeAsync(db, "metric history", ct);
        if (lease is null)
        {
            return;
        }

        foreach (var resolution in MetricResolution.All)
        {
            if (resolution != MetricResolution.Minute)
            {
                await RollUpAsync(db, resolution, now, ct);
            }

            await DeleteAsync(db, resolution, now - resolution.Kept, ct);
        }
    }

    /// <summary>
    /// From the last stretch that was made, which is made once more, to the last one that is over. Those of which the minutes are being
    /// thrown away are left as they are.
    /// </summary>
    private static async Task RollUpAsync(PortalDb db, MetricResolution resolution, DateTimeOffset now, CancellationToken ct)
    {
        var made = await db
            .MetricSamples.Where(sample => sample.Resolution == resolution.Minutes)
            .MaxAsync(sample => (DateTimeOffset?)sample.At, ct);
        var oldest = resolution.StartOf(now - MetricResolution.Minute.Kept) + resolution.Length;
        var (from, to) = (made is { } last && last > oldest ? last : oldest, resolution.StartOf(now - Grace));
        if (made + resolution.Length >= to)
        {
            return;
        }

        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "MetricSamples" ("AccountId", "ResourceId", "Resolution", "At", "Cpu", "Memory", "DiskRead", "DiskWrite", "DiskReads", "DiskWrites", "NetworkIn", "NetworkOut")
            SELECT "AccountId", "ResourceId", {resolution.Minutes}, date_bin({resolution.Length}, "At", TIMESTAMPTZ '2000-01-01 00:00:00Z') AS start,
                avg("Cpu"), avg("Memory"), avg("DiskRead"), avg("DiskWrite"), avg("DiskReads"), avg("DiskWrites"), avg("NetworkIn"), avg("NetworkOut")
            FROM "MetricSamples" WHERE "Resolution" = 1 AND "At" >= {from} AND "At" < {to}
            GROUP BY "AccountId", "ResourceId", start
            ON CONFLICT ("AccountId", "ResourceId", "Resolution", "At") DO UPDATE SET
                "Cpu" = EXCLUDED."Cpu", "Memory" = EXCLUDED."Memory", "DiskRead" = EXCLUDED."DiskRead", "DiskWrite" = EXCLUDED."DiskWrite",
                "DiskReads" = EXCLUDED."DiskReads", "DiskWrites" = EXCLUDED."DiskWrites", "NetworkIn" = EXCLUDED."NetworkIn", "NetworkOut" = EXCLUDED."NetworkOut"
            """,
            ct
        );
    }

    private static async Task DeleteAsync(PortalDb db, MetricResolution resolution, DateTimeOffset before, CancellationToken ct) =>
        await db.Database.ExecuteSqlAsync(
            $"""
            DELETE FROM "MetricSamples" WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM "MetricSamples" WHERE "Resolution" = {resolution.Minutes} AND "At" < {before} ORDER BY "At" LIMIT {DeletedAtOnce}))
            """,
            ct
        );
}
