using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Worker.Operators;

public static class IncidentKinds
{
    public const string Deadline = "deadline";
    public const string EngineAway = "engine-away";

    /// <summary>There is so little room in a region's object store that it takes nothing more.</summary>
    public const string StoreFull = "store-full";

    public const string Orphan = "orphan";

    /// <summary>Something that should be there, and that the engine does not hold.</summary>
    public const string Lost = "lost";

    /// <summary>A scheduled backup that was not made; a later one that is complete closes it.</summary>
    public const string MissedBackup = "missed-backup";

    /// <summary>What the worker does again and again fails each time; a round that is good closes it.</summary>
    public const string SweepFails = "sweep-fails";

    /// <summary>The host could not write to a guest's disk, and QEMU stopped the guest for it.</summary>
    public const string HostDisk = "host-disk";
}

/// <summary>Opens an incident once per resource and kind, and closes it; both can be said any number of times.</summary>
public static class Incidents
{
    public static Task OpenAsync(
        PortalDb db,
        string? accountId,
        string resourceId,
        string kind,
        string message,
        DateTimeOffset now,
        CancellationToken ct
    ) =>
        db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "Incidents" ("AccountId", "ResourceId", "Kind", "Message", "OpenedAt") VALUES ({accountId}, {resourceId}, {kind}, {message}, {now})
            ON CONFLICT ("ResourceId", "Kind") WHERE "ClosedAt" IS NULL DO NOTHING
            """,
            ct
        );

    public static Task CloseAsync(PortalDb db, string resourceId, string kind, DateTimeOffset now, CancellationToken ct) =>
        CloseAsync(db, [resourceId], kind, now, ct);

    public static Task CloseAsync(
        PortalDb db,
        IReadOnlyCollection<string> resourceIds,
        string kind,
        DateTimeOffset now,
        CancellationToken ct
    ) =>
        db
            .Incidents.Where(incident => resourceIds.Contains(incident.ResourceId) && incident.Kind == kind && incident.ClosedAt == null)
            .ExecuteUpdateAsync(incident => incident.SetProperty(closed => closed.ClosedAt, now), ct);
}
