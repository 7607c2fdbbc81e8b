using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Faults;

/// <summary>What was asked of buckets and access keys, once it is done.</summary>
internal static class SettledBuckets
{
    public static async Task UntilAsync(IDbContextFactory<PortalDb> dbs, TimeSpan patience)
    {
        List<string> left = [];
        await Until.TrueAsync(
            async () =>
            {
                var ct = TestContext.Current.CancellationToken;
                await using var db = await dbs.CreateDbContextAsync(ct);
                left =
                [
                    .. (await db.Buckets.AsNoTracking().ToListAsync(ct))
                        .Where(bucket => bucket.IsUnsettled)
                        .Select(bucket => $"{bucket.Id} {bucket.Status} {bucket.Waiting}"),
                    .. (await db.AccessKeys.AsNoTracking().ToListAsync(ct))
                        .Where(key => key.State is not (AccessKeyState.Active or AccessKeyState.Revoked))
                        .Select(key => $"{key.Id} {key.Status} {key.Waiting}"),
                ];
                return left.Count == 0;
            },
            patience,
            () => $"Not settled: {string.Join(", ", left)}"
        );
    }
}
