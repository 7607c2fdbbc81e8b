using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>
/// Asks the agent of a running guest for another password or another SSH key. One request at a time for each instance. Either opens the
/// guest for longer than a session: see <see cref="Credentials"/>.
/// </summary>
public sealed class ChangeGuest(IDbContextFactory<PortalDb> dbs, GuestSecrets secrets, TimeProvider clock)
{
    /// <param name="hash">Of the new password, as crypt(3) makes it. The password itself does not come here.</param>
    public Task<Outcome<GuestRequest>> SetPasswordAsync(Actor actor, string id, string hash, CancellationToken ct) =>
        RunAsync(
            actor,
            id,
            "SetInstancePassword",
            "password",
            (_, instance, now) =>
                Task.FromResult<Outcome<GuestRequest>>(
                    GuestRequest.Of(instance, GuestRequestKind.Password, now, sealedHash: secrets.Hash.Seal(hash))
                ),
            ct
        );

    public Task<Outcome<GuestRequest>> SetKeyAsync(Actor actor, string id, string keyPairId, CancellationToken ct) =>
        RunAsync(
            actor,
            id,
            "SetInstanceKey",
            "SSH key",
            async (db, instance, now) =>
                !await db.KeyPairs.AnyAsync(key => key.AccountId == actor.AccountId && key.Id == keyPairId, ct)
                    ? Refusal.NotFound(KeyPair.Gone)
                    : GuestRequest.Of(instance, GuestRequestKind.Key, now, keyPairId: keyPairId),
            ct
        );

    private async Task<Outcome<GuestRequest>> RunAsync(
        Actor actor,
        string id,
        string action,
        string what,
        Func<PortalDb, Instance, DateTimeOffset, Task<Outcome<GuestRequest>>> make,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if ((await db.LockInstancesAsync(actor.AccountId, [id], ct)).SingleOrDefault() is not { } instance)
        {
            return Refusal.NotFound("There is no such instance.");
        }

        var (now, former) = (clock.GetUtcNow(), await db.GuestRequests.Where(request => request.InstanceId == id).ToListAsync(ct));
        var refusal =
            Refusal.State(instance.WhyNotAskGuest)
            ?? Refusal.State(
                former.Exists(request => request.State is GuestRequestState.Pending)
                    ? "Its guest is being asked for something already."
                    : null
            )
            ?? await db.WhyNotProvenAsync(actor, now, ct);
        if (refusal is not null)
        {
            return refusal;
        }

        await db.Entry(instance).Reference(one => one.Image).LoadAsync(ct);
        var made = await make(db, instance, now);
        if (made.Value is { } request)
        {
            db.GuestRequests.RemoveRange(former);
            db.GuestRequests.Add(request);
            db.AuditEntries.Add(actor.Audit(now, action, id, after: new { request.User, Key = request.KeyPairId }));
            await db.TellMadeAsync(
                actor,
                $"The {what} of the instance {instance.Name} was changed",
                "change it again on the instance's page",
                now,
                ct
            );
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return made;
    }
}
