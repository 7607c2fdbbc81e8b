using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Engines.Rgw;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Worker.Buckets;

/// <summary>
/// Asks the region's object store every few seconds whether it is there. It writes down where it is, and of the embedded one makes itself
/// the administrator.
/// </summary>
public sealed class StorePatrol(
    IDbContextFactory<PortalDb> dbs,
    RegionStore stores,
    EmbeddedCeph embedded,
    BucketSecrets secrets,
    StoreTrial trial,
    StoreRoom room,
    RegionName region,
    IConfiguration configuration,
    Changes changes,
    TimeProvider clock,
    ILogger<StorePatrol> log
) : Sweep(TimeSpan.FromSeconds(3), clock, log, changes, "ObjectStoreChanges")
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The store's tool, cut off, leaves half a user behind.</summary>
    private static readonly TimeSpan EnrolPatience = TimeSpan.FromMinutes(2);

    /// <summary>Between two attempts to become the administrator of an embedded store that does not let Portal in.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(20);

    private readonly TimeProvider clock = clock;
    private readonly IConfigurationSection settings = configuration.GetSection("ObjectStore");
    private DateTimeOffset? enrolledAt;

    public override async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await trial.RunAsync(db, WhyNotByOperator, ct);
        if (await FindAsync(db, ct) is not { } store)
        {
            return;
        }

        var (now, incident) = (clock.GetUtcNow(), $"s3-{region.Id}");
        try
        {
            await AskAsync(store, ct);
            Write(store, clock.GetUtcNow());
            await room.ObserveAsync(db, store, ct);
            await Incidents.CloseAsync(db, incident, IncidentKinds.EngineAway, now, ct);
        }
        catch (EngineException error)
        {
            (store.AwaySince, store.AwayReason) = (store.AwaySince ?? now, error.Message);

            // The embedded one comes a few seconds after the worker.
            if (now - store.AwaySince > TimeSpan.FromSeconds(30) || store.SeenAt is not null)
            {
                await Incidents.OpenAsync(
                    db,
                    null,
                    incident,
                    IncidentKinds.EngineAway,
                    $"The object store of this region is away: {error.Message}",
                    now,
                    ct
                );
            }
        }

        await db.SaveChangesAsync(ct);
    }

    /// <summary>The region's store as its worker's settings say; null where there is none.</summary>
    private async Task<ObjectStore?> FindAsync(PortalDb db, CancellationToken ct)
    {
        var known = await db.ObjectStores.FirstOrDefaultAsync(store => store.Id == region.Id, ct);
        var endpoint = settings["Endpoint"]?.TrimEnd('/');
        if (settings["AdminKeyId"] is { } id && settings["AdminSecret"] is { } secret && endpoint is not null)
        {
            return WriteNamed(known ?? Add(db, endpoint), endpoint, new StoreKey(id, secret));
        }

        return embedded.Port is { } port
            ? WriteEmbedded(
                known ?? Add(db, endpoint ?? ""),
                endpoint,
                string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"),
                port
            )
            : known;
    }

    /// <summary>Why a gateway that an operator entered is none of this worker's; null if it is.</summary>
    private string? WhyNotByOperator =>
        embedded.Port is not null || settings["AdminKeyId"] is not null
            ? "The settings of the region's worker name a store already."
            : null;

    private ObjectStore Add(PortalDb db, string endpoint) =>
        db.ObjectStores.Add(new ObjectStore { Id = region.Id, Endpoint = endpoint }).Entity;

    /// <summary>Any RADOS Gateway.</summary>
    private ObjectStore WriteNamed(ObjectStore store, string endpoint, StoreKey admin)
    {
        (store.Source, store.Endpoint, store.InternalEndpoint) = (
            StoreSource.Settings,
            endpoint,
            settings["InternalEndpoint"]?.TrimEnd('/')
        );
        (store.SigningRegion, store.WebsiteSuffix) = (settings["SigningRegion"] ?? "us-east-1", settings["WebsiteSuffix"]);
        if (store.AdminKeyId != admin.AccessKeyId || secrets.Admin.Open(store.SealedAdminSecret) != admin.Secret)
        {
            (store.AdminKeyId, store.SealedAdminSecret) = (admin.AccessKeyId, secrets.Admin.Seal(admin.Secret));
        }

        return store;
    }

    /// <summary>Customers reach it by the loopback, or by what stands before it and keeps the host that was signed for.</summary>
    private ObjectStore WriteEmbedded(ObjectStore store, string? endpoint, string own, int port)
    {
        (store.Source, store.Endpoint, store.InternalEndpoint) = (
            StoreSource.Embedded,
            endpoint ?? $"http://{own}",
            endpoint is null ? null : $"http://{own}"
        );
        store.WebsiteSuffix =
            settings["WebsiteSuffix"]
            ?? (endpoint is null ? string.Create(CultureInfo.InvariantCulture, $"s3-website.localhost:{port}") : null);
        return store;
    }

    private async Task AskAsync(ObjectStore store, CancellationToken ct)
    {
        if (IsToEnroll(store))
        {
            enrolledAt = clock.GetUtcNow();
            var key = await WithinAsync(
                EnrolPatience,
                token => embedded.AdministratorAsync(store.AwayReason is null ? null : store.AdminKeyId, token),
                ct
            );
            (store.AdminKeyId, store.SealedAdminSecret) = (key.AccessKeyId, secrets.Admin.Seal(key.Secret));
        }

        var open = stores.Open(store);
        await WithinAsync(
            Patience,
            async token =>
            {
                await open.CheckAsync(token);
                return true;
            },
            ct
        );
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
    private bool IsToEnroll(ObjectStore store) =>
        store.Source is StoreSource.Embedded
        && (
            store.AdminKeyId is null
            || secrets.Admin.Open(store.SealedAdminSecret) is null
            || store.AwayReason?.StartsWith(RgwErrors.UnknownKey, StringComparison.Ordinal) is true
        )
        && (enrolledAt is not { } last || clock.GetUtcNow() - last > Again);

    private static void Write(ObjectStore store, DateTimeOffset now)
    {
        (store.AwaySince, store.AwayReason) = (null, null);

        // Every write wakes the pages that show it; the time alone is worth that only now and then.
        if (store.SeenAt is not { } seen || now - seen > TimeSpan.FromSeconds(20))
        {
            store.SeenAt = now;
        }
    }
}
