using Microsoft.EntityFrameworkCore;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Worker.Shared;

namespace Portal.Worker.Compute;

/// <summary>
/// Hands a request to the agent inside a guest, again and again until it answers or its time is over. What is secret of the request is
/// wiped with its end.
/// </summary>
public sealed class GuestRequestJob(
    IDbContextFactory<PortalDb> dbs,
    IGuestEngine engine,
    GuestSecrets secrets,
    Nudges nudges,
    TimeProvider clock,
    ILogger<GuestRequestJob> log
) : ResourceJob<GuestRequest>(dbs, nudges, clock, log), IGuestRequestJob
{
    protected override async Task<GuestRequest?> LoadAsync(PortalDb db, string id, CancellationToken ct) =>
        await db.GuestRequests.SingleOrDefaultAsync(request => request.Id == id, ct) is { IsUnsettled: true } request ? request : null;

    protected override async Task AdvanceAsync(PortalDb db, GuestRequest request, CancellationToken ct)
    {
        var instance = await db
            .Instances.AsNoTracking()
            .Include(instance => instance.Volumes)
            .SingleAsync(instance => instance.Id == request.InstanceId, ct);
        if (WhyNotNow(instance) is { } reason)
        {
            request.Fail(reason);
            return;
        }

        await (
            request.Kind is GuestRequestKind.Password ? SetPasswordAsync(db, request, instance, ct) : SetKeyAsync(db, request, instance, ct)
        );
    }

    protected override void WriteDown(GuestRequest request, EngineException error)
    {
        switch (error.Fault)
        {
            case EngineFault.Missing:
                request.Fail("The instance is not running: nothing was changed.");
                break;
            case EngineFault.Rejected:
                request.Fail($"The guest refused it. Perhaps it has no user {request.User} any more.");
                break;
            case EngineFault.Unavailable when Now >= request.Deadline:
                request.Fail("The agent in the guest did not answer in time. It may have done it all the same; ask again to be sure.");
                break;
        }
    }

    /// <summary>Another system than its own may answer, or is about to: what was asked for was meant for its own.</summary>
    private static string? WhyNotNow(Instance instance) =>
        instance switch
        {
            { IsRescue: true } => "The instance is in rescue: nothing was changed.",
            { IsRebooting: true } => "The instance is restarting: nothing was changed.",
            { State: InstanceState.Running, Goal: InstanceGoal.Running } => null,
            _ => $"The instance is {instance.Status}: nothing was changed.",
        };

    private async Task SetPasswordAsync(PortalDb db, GuestRequest request, Instance instance, CancellationToken ct)
    {
        if (secrets.Hash.Open(request.SealedHash) is not { } hash)
        {
            request.Fail("It could not be read any more: ask again.");
            return;
        }

        await engine.SetPasswordAsync(request.InstanceId, request.User, hash, ct);
        await EndAsync(db, request, instance, null, ct);
    }

    private async Task SetKeyAsync(PortalDb db, GuestRequest request, Instance instance, CancellationToken ct)
    {
        if (
            await db.KeyPairs.FirstOrDefaultAsync(key => key.AccountId == request.AccountId && key.Id == request.KeyPairId, ct)
            is not { } key
        )
        {
            request.Fail(KeyPair.Gone);
            return;
        }

        await engine.SetKeyAsync(
            request.InstanceId,
            request.User,
            key.PublicKey,
            instance.PublicKey == key.PublicKey ? null : instance.PublicKey,
            ct
        );
        await EndAsync(db, request, instance, key, ct);
    }

    /// <summary>
    /// Together with the row that says so: from here on its page names the key, and a rebuilding begins with it. The agent took its time,
    /// and the customer may have asked for another disk with another key meanwhile: that key stays, and on that disk is nothing of what was
    /// asked for.
    /// </summary>
    private static async Task EndAsync(PortalDb db, GuestRequest request, Instance asked, KeyPair? key, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var current = (await db.LockInstancesAsync(request.AccountId, [request.InstanceId], ct)).Single();
        await db.Entry(current).Collection(one => one.Volumes).LoadAsync(ct);
        if (IsTheSameSystem(asked, current))
        {
            current.BeginWith(key);
            request.ObserveDone();
        }
        else
        {
            request.Fail(
                "The instance was rebuilt or put into rescue meanwhile, and stays as it is now: ask again if you still want it otherwise."
            );
        }

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>
    /// Whether the guest that was asked is the one that the row tells of. A stop or a reboot asked for meanwhile changes nothing of what is
    /// on its disk.
    /// </summary>
    private static bool IsTheSameSystem(Instance then, Instance now) =>
        now is { RebuildImageId: null, IsRescue: false } && now.PublicKey == then.PublicKey && RootOf(now) == RootOf(then);

    private static string? RootOf(Instance instance) => instance.Volumes.FirstOrDefault(volume => volume.IsRoot)?.Id;
}
