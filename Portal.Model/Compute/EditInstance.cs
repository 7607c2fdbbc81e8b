using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>Changes what an instance is called, what is noted of it and the like. What is the same already leaves no trace.</summary>
public sealed class EditInstance(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public Task<Outcome> RenameAsync(Actor actor, string id, string name, CancellationToken ct) =>
        RunAsync(actor, id, instance => instance.Rename(name), instance => new { instance.Name, instance.HostName }, ct);

    public Task<Outcome> WriteNotesAsync(Actor actor, string id, string? notes, CancellationToken ct) =>
        RunAsync(actor, id, instance => instance.WriteNotes(notes), instance => new { instance.Notes }, ct);

    public Task<Outcome> ProtectAsync(Actor actor, string id, bool isProtected, CancellationToken ct) =>
        RunAsync(actor, id, instance => instance.Protect(isProtected), instance => new { Protected = instance.IsProtected }, ct);

    public Task<Outcome> WriteUserDataAsync(Actor actor, string id, string? text, CancellationToken ct) =>
        RunAsync(actor, id, instance => instance.WriteUserData(text), instance => new { UserData = AuditDetails(instance.UserData) }, ct);

    /// <param name="told">
    /// What the audit tells of it, before and after. A record or an anonymous object: two that are equal say the same.
    /// </param>
    private async Task<Outcome> RunAsync(
        Actor actor,
        string id,
        Func<Instance, Outcome> edit,
        Func<Instance, object> told,
        CancellationToken ct
    )
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if ((await db.LockInstancesAsync(actor.AccountId, [id], ct)).SingleOrDefault() is not { } instance)
        {
            return Refusal.NotFound("There is no such instance.");
        }

        var (before, name, hostName) = (told(instance), instance.Name, instance.HostName);
        var outcome = edit(instance);
        if (outcome.IsDone && !before.Equals(told(instance)))
        {
            var now = clock.GetUtcNow();
            db.AuditEntries.Add(actor.Audit(now, "ModifyInstanceAttribute", id, before, told(instance)));
            if (hostName != instance.HostName)
            {
                (await db.LockNetworkAsync(actor.AccountId, instance.NetworkId, ct))?.Change(now);
            }

            if (name != instance.Name)
            {
                await NameAfterAsync(db, instance, name, ct);
            }

            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return outcome;
    }

    /// <summary>
    /// What was named after it when it was made, and by nobody since, is called after it still: on lists and on the bill.
    /// </summary>
    private static async Task NameAfterAsync(PortalDb db, Instance instance, string before, CancellationToken ct)
    {
        var ids = await db.Volumes.Where(volume => volume.InstanceId == instance.Id).Select(volume => volume.Id).ToArrayAsync(ct);
        foreach (var volume in await db.LockVolumesAsync(instance.AccountId, ids, ct))
        {
            volume.NameAfter(instance.Name, before);
        }

        await db
            .PublicAddresses.Where(address =>
                address.Name == before && db.NetworkInterfaces.Any(one => one.Id == address.InterfaceId && one.InstanceId == instance.Id)
            )
            .ExecuteUpdateAsync(address => address.SetProperty(row => row.Name, instance.Name), ct);
    }

    /// <summary>User data may hold secrets: the audit tells of it what is needed to recognize it, and nothing of what it says.</summary>
    private static string? AuditDetails(string? userData) =>
        userData is null
            ? null
            : $"{Compute.UserData.Size(userData):N0} bytes, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(userData)))[..12]}";
}
