using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>What a customer asks for. Nothing in it has been checked.</summary>
/// <param name="RequestToken">Made by the form when it was opened, up to 64 characters: the same request sent twice is one.</param>
public sealed record NewPrivateImage(string InstanceId, string Name, string Description, string RequestToken);

/// <summary>
/// Makes an image of an instance, which may go on running, by taking a snapshot of its root disk; both or neither.
/// </summary>
public sealed class CreateImage(IDbContextFactory<PortalDb> dbs, CreateSnapshot snapshots, TimeProvider clock)
{
    public async Task<Outcome<PrivateImage>> RunAsync(Actor actor, NewPrivateImage form, CancellationToken ct)
    {
        if (
            (CreateSnapshot.Check(form.Name, form.RequestToken).Refusal ?? PrivateImage.CheckDescription(form.Description).Refusal) is
            { } refused
        )
        {
            return refused;
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        if (
            await db
                .PrivateImages.AsNoTracking()
                .Include(image => image.Snapshot)
                .FirstOrDefaultAsync(known => known.AccountId == actor.AccountId && known.RequestToken == form.RequestToken, ct) is
            { } before
        )
        {
            return before;
        }

        if (
            await db
                .Instances.AsNoTracking()
                .Include(instance => instance.Volumes)
                .FirstOrDefaultAsync(known => known.AccountId == actor.AccountId && known.Id == form.InstanceId, ct)
            is not { } instance
        )
        {
            return Refusal.NotFound("There is no such instance.");
        }

        if ((await db.WhyMayNotCreateAsync(actor, ct) ?? Refusal.State(instance.WhyNotImage)) is { } refusal)
        {
            return refusal;
        }

        var id = ResourceIds.New("ami");
        var taken = await snapshots.AddAsync(
            db,
            account,
            actor,
            new NewSnapshot(instance.Volumes.Single(volume => volume.IsRoot).Id, form.Name, form.RequestToken),
            scheduleId: null,
            id,
            ct
        );
        if (taken.Value is not { } snapshot)
        {
            return taken.Refusal!;
        }

        var made = Build(id, form, snapshot);
        db.PrivateImages.Add(made);
        db.AuditEntries.Add(
            actor.Audit(
                made.CreatedAt,
                "CreateImage",
                made.Id,
                after: new
                {
                    made.Name,
                    made.Description,
                    Instance = made.InstanceId,
                    Snapshot = snapshot.Id,
                }
            )
        );
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return made;
    }

    private PrivateImage Build(string id, NewPrivateImage form, Snapshot snapshot) =>
        new()
        {
            Id = id,
            AccountId = snapshot.AccountId,
            Name = form.Name.Trim(),
            Description = form.Description.Trim(),
            CreatedAt = clock.GetUtcNow(),
            ProjectId = snapshot.ProjectId,
            RegionId = snapshot.RegionId,
            InstanceId = form.InstanceId,
            BaseId = snapshot.ImageId!,
            SnapshotId = snapshot.Id,
            Snapshot = snapshot,
            RequestToken = form.RequestToken,
        };
}
