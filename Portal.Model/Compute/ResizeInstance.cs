using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>
/// Gives a stopped instance another size of the catalogue. Quota and room are asked for under the same locks as for a new one. It costs
/// nothing until the instance is started, so nobody has to have a card for it.
/// </summary>
public sealed class ResizeInstance(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public async Task<Outcome> RunAsync(Actor actor, string id, string sizeId, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        if (
            await db.Instances.AsNoTracking().FirstOrDefaultAsync(known => known.AccountId == actor.AccountId && known.Id == id, ct)
            is not { } found
        )
        {
            return Refusal.NotFound("There is no such instance.");
        }

        var region = await db.LockRegionAsync(found.RegionId, ct);
        var instance = (await db.LockInstancesAsync(actor.AccountId, [id], ct)).Single();
        await db.Entry(instance).Reference(one => one.Image).LoadAsync(ct);
        if (await db.InstanceSizes.FindAsync([sizeId], ct) is not { } size)
        {
            return Refusal.NotFound("There is no such size.");
        }

        var refusal =
            Refusal.Forbidden(account.WhySuspended)
            ?? instance.WhyNotResizeTo(size)
            ?? await WhyNotWithinQuotaAsync(db, account, instance, size, ct)
            ?? Refusal.Limit((await FreeCapacity.OfAsync(db, region, ct)).WhyNotResize(instance, size));
        if (refusal is not null)
        {
            return refusal;
        }

        if (instance.SizeId != size.Id)
        {
            var before = new { Size = instance.SizeId };
            instance.Resize(size);
            db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "ModifyInstanceAttribute", id, before, new { Size = instance.SizeId }));
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return Outcome.Done;
    }

    private static async Task<Refusal?> WhyNotWithinQuotaAsync(
        PortalDb db,
        Account account,
        Instance instance,
        InstanceSize size,
        CancellationToken ct
    )
    {
        var used = await db
            .Instances.Where(other => other.AccountId == account.Id && other.State != InstanceState.Terminated)
            .SumAsync(other => other.Vcpus, ct);
        return size.Vcpus > instance.Vcpus && used - instance.Vcpus + size.Vcpus > account.VcpuLimit
            ? Refusal.Limit(
                $"Your quota is {Counted.Of(account.VcpuLimit, "vCPU")} and you use {used}: choose a smaller size, or ask support for more."
            )
            : null;
    }
}
