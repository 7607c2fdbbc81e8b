using Portal.Model.Shared;
using Portal.Model.Storage;
using Portal.Worker.Engines.Rgw;
using Portal.Worker.Operators;

namespace Portal.Worker.Storage;

/// <summary>
/// Watches how much room the embedded store has. While there is too little, its users' quotas are nothing, so that S3 itself refuses what would be put into it; operators are told, and
/// what is deleted makes room at once.
/// </summary>
public sealed class StoreRoom(EmbeddedCeph embedded, TimeProvider clock)
{
    /// <summary>Between two collections of what was deleted.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(20);

    private DateTimeOffset? collectedAt;

    public async Task ObserveAsync(PortalDb db, ObjectStore store, CancellationToken ct)
    {
        if (store.Source is not StoreSource.Embedded || await embedded.RoomAsync(ct) is not var (total, free))
        {
            return;
        }

        var (now, incident) = (clock.GetUtcNow(), $"s3-{store.Id}");
        store.ObserveRoom(total, free, now);
        if (store.FullSince is null)
        {
            await Incidents.CloseAsync(db, incident, IncidentKinds.StoreFull, now, ct);
            return;
        }

        await Incidents.OpenAsync(db, null, incident, IncidentKinds.StoreFull, $"The object store of this region is full: {free >> 20:N0} of {total >> 20:N0} MiB are free. Nothing more can be put into it until something is deleted.", now, ct);
        if (collectedAt is not { } last || now - last > Pause)
        {
            collectedAt = now;
            await embedded.CollectAsync(ct);
        }
    }
}
