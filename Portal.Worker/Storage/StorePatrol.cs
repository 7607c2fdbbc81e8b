using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;
using Portal.Model.Storage;
using Portal.Worker.Engines.Rgw;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Storage;

/// <summary>Asks the region's object store every few seconds whether it is there. Of the embedded one it writes down where it is, and makes itself its administrator.</summary>
public sealed class StorePatrol(IDbContextFactory<PortalDb> dbs, RegionStore stores, EmbeddedCeph embedded, StorageSecrets secrets, RegionName region, IConfiguration configuration, TimeProvider clock, ILogger<StorePatrol> log)
    : Sweep(TimeSpan.FromSeconds(3), clock, log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The store's tool, cut off, leaves half a user behind.</summary>
    private static readonly TimeSpan EnrolPatience = TimeSpan.FromMinutes(2);

    /// <summary>Between two attempts to become the administrator of an embedded store that does not let Portal in.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(20);

    private readonly TimeProvider clock = clock;
    private DateTimeOffset? enrolledAt;

    public override async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await FindAsync(db, ct) is not { } store)
        {
            return;
        }

        var (now, incident) = (clock.GetUtcNow(), $"s3-{region.Id}");
        try
        {
            await AskAsync(store, ct);
            Write(store, clock.GetUtcNow());
            await Incidents.CloseAsync(db, incident, IncidentKinds.EngineAway, now, ct);
        }
        catch (EngineException error)
        {
            (store.AwaySince, store.AwayReason) = (store.AwaySince ?? now, error.Message);

            // The embedded one comes a few seconds after the worker.
            if (now - store.AwaySince > TimeSpan.FromSeconds(30) || store.SeenAt is not null)
            {
                await Incidents.OpenAsync(db, null, incident, IncidentKinds.EngineAway, $"The object store of this region is away: {error.Message}", now, ct);
            }
        }

        await db.SaveChangesAsync(ct);
    }

    private async Task<ObjectStore?> FindAsync(PortalDb db, CancellationToken ct)
    {
        var known = await db.ObjectStores.FirstOrDefaultAsync(store => store.Id == region.Id, ct);
        if (embedded.Port is not { } port || known is { IsEmbedded: false })
        {
            return known;
        }

        // As customers reach it: by the loopback, or by what stands before it and keeps the host that was signed for.
        var own = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
        var endpoint = configuration["ObjectStore:Endpoint"]?.TrimEnd('/') ?? own;
        if (known is null)
        {
            known = new ObjectStore { Id = region.Id, Endpoint = endpoint, IsEmbedded = true };
            db.ObjectStores.Add(known);
        }

        (known.Endpoint, known.InternalEndpoint) = (endpoint, endpoint == own ? null : own);
        known.WebsiteSuffix = configuration["ObjectStore:WebsiteSuffix"] ?? (endpoint == own ? string.Create(CultureInfo.InvariantCulture, $"s3-website.localhost:{port}") : null);
        return known;
    }

    private async Task AskAsync(ObjectStore store, CancellationToken ct)
    {
        if (IsToEnroll(store))
        {
            enrolledAt = clock.GetUtcNow();
            var key = await WithinAsync(EnrolPatience, token => embedded.AdministratorAsync(store.AwayReason is null ? null : store.AdminKeyId, token), ct);
            (store.AdminKeyId, store.SealedAdminSecret) = (key.AccessKeyId, secrets.Admin.Seal(key.Secret));
        }

        var open = stores.Open(store);
        await WithinAsync(Patience, async token =>
        {
            await open.CheckAsync(token);
            return true;
        }, ct);
    }

    private static async Task<T> WithinAsync<T>(TimeSpan patience, Func<CancellationToken, Task<T>> ask, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience);
        try
        {
            return await ask(limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new EngineException(EngineFault.Unavailable, $"It did not answer within {patience.TotalSeconds:0} s.");
        }
    }

    /// <summary>Portal has no key to it, or it does not take that one: perhaps it is another store than before.</summary>
    private bool IsToEnroll(ObjectStore store) => store.IsEmbedded
        && (store.AdminKeyId is null || secrets.Admin.Open(store.SealedAdminSecret) is null || store.AwayReason?.StartsWith(RgwErrors.UnknownKey, StringComparison.Ordinal) is true)
        && (enrolledAt is not { } last || clock.GetUtcNow() - last > Again);

    private static void Write(ObjectStore store, DateTimeOffset now)
    {
        (store.AwaySince, store.AwayReason) = (null, null);

        // Every write wakes the pages that show it; the time alone is worth that only now and then.
        if (store.SeenAt is not { } seen || now - seen > TimeSpan.FromSeconds(20))
        {
            (store.SeenAt, store.CheckedAt) = (now, now);
        }
    }
}
