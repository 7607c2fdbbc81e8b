using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Storage;

/// <summary>Writes other headers to an object: a copy onto itself, since S3 knows no other way.</summary>
public sealed class ChangeObjectHeaders(ObjectCopy copy, IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public async Task<Outcome> RunAsync(Actor actor, OpenBucket bucket, string key, ObjectHeaders headers, CancellationToken ct)
    {
        try
        {
            await copy.RunAsync(bucket, key, key, null, headers, ct);
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            return StorageFault.Refuse(error);
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        db.AuditEntries.Add(actor.Audit(clock.GetUtcNow(), "PutObjectHeaders", bucket.Id, after: new { Key = key, headers.ContentType }));
        await db.SaveChangesAsync(ct);
        return Outcome.Done;
    }
}
