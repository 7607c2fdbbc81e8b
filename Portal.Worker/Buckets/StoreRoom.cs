using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Worker.Engines.Rgw;
using Portal.Worker.Operators;

namespace Portal.Worker.Buckets;

/// <summary>
/// Watches whether the region's store has room. The embedded one tells how much: while there is too little, its users' quotas are nothing,
/// so that S3 itself refuses what would be put into it, and what is deleted makes room at once. Any other one does not tell: there a write
/// on trial does. Operators are told of both.
/// </summary>
public sealed class StoreRoom(EmbeddedCeph embedded, RegionStore stores, TimeProvider clock)
{
    /// <summary>Between two collections of what was deleted.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(20);

    /// <summary>Between two writes on trial that succeed. After one that did not the next comes at once.</summary>
    public static readonly TimeSpan BetweenTrials = TimeSpan.FromSeconds(20);

    /// <summary>For one of them. A store that is full makes who writes wait, without an end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>So many in a row make a verdict: one may fall into the restart of a gateway.</summary>
    private const int Failures = 2;

    private DateTimeOffset? collectedAt;
    private DateTimeOffset? triedAt;
    private (string? Endpoint, string? KeyId) tried;
    private Task<string?>? trial;
    private int failures;

    public Task ObserveAsync(PortalDb db, ObjectStore store, CancellationToken ct) =>
        store.Source is StoreSource.Embedded ? MeasureAsync(db, store, ct) : TryAsync(db, store, ct);

    private async Task MeasureAsync(PortalDb db, ObjectStore store, CancellationToken ct)
    {
        if (await embedded.RoomAsync(ct) is not var (total, free))
        {
            return;
        }

        var now = clock.GetUtcNow();
        store.ObserveRoom(total, free, now);
        await TellAsync(
            db,
            store,
            $"The object store of this region is full: {free >> 20:N0} of {total >> 20:N0} MiB are free. Nothing more can be put into it until something is deleted.",
            ct
        );
        if (store.FullSince is not null && (collectedAt is not { } last || now - last > Pause))
        {
            collectedAt = now;
            await embedded.CollectAsync(ct);
        }
    }

    /// <summary>Begins a write, or looks what came of the last one: whoever calls is not held up by a store that hangs.</summary>
    private async Task TryAsync(PortalDb db, ObjectStore store, CancellationToken ct)
    {
        if (tried != (store.OwnEndpoint, store.AdminKeyId))
        {
            // What was begun at another address says nothing of this one.
            (tried, trial, triedAt, failures) = ((store.OwnEndpoint, store.AdminKeyId), null, null, 0);
        }

        if (trial is null && (failures > 0 || triedAt is not { } last || clock.GetUtcNow() - last >= BetweenTrials))
        {
            (trial, triedAt) = (WhyNotTakingAsync(stores.Open(store), ct), clock.GetUtcNow());
        }

        if (trial is not { IsCompleted: true } ended)
        {
            return;
        }

        trial = null;
        var whyNot = await ended;
        failures = whyNot is null ? 0 : failures + 1;
        if (failures is 0 or >= Failures)
        {
            store.ObserveTrial(whyNot, clock.GetUtcNow());
            await TellAsync(
                db,
                store,
                $"The object store of this region answers, but takes nothing: {whyNot}. Most likely it is full, in whole or in the pool of its buckets.",
                ct
            );
        }
    }

    private static async Task<string?> WhyNotTakingAsync(IObjectStore store, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            return await store.WhyNotTakingAsync(limit.Token);
        }
        catch (EngineException error)
        {
            return error.Message;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"a write did not end within {Patience.TotalSeconds:0} s";
        }
    }

    private async Task TellAsync(PortalDb db, ObjectStore store, string message, CancellationToken ct)
    {
        var (now, incident) = (clock.GetUtcNow(), $"s3-{store.Id}");
        await (
            store.FullSince is null
                ? Incidents.CloseAsync(db, incident, IncidentKinds.StoreFull, now, ct)
                : Incidents.OpenAsync(db, null, incident, IncidentKinds.StoreFull, message, now, ct)
        );
    }
}
