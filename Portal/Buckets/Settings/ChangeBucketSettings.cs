using System.Xml.Linq;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>
/// Writes a bucket's settings to S3, which is the only place that keeps them, and notes who did it. What is edited as a whole is written
/// only over what the page has shown: S3 would let whoever saves last wipe out what somebody did meanwhile in another window, or with
/// another tool. Whoever is let into a bucket stays when the session ends: see <see cref="Credentials"/>.
/// </summary>
public sealed class ChangeBucketSettings(IDbContextFactory<PortalDb> dbs, BucketAudit audit, TimeProvider clock)
{
    /// <summary>S3's limits.</summary>
    public const int MostCorsRules = 100;
    public const int MostLifecycleRules = 1000;

    private const string Stale =
        "It was changed elsewhere since you opened this page. Reload the page to see how it is now; copy what you typed first.";

    public Task<Outcome> MakePublicAsync(Actor actor, OpenBucket bucket, bool on, CancellationToken ct) =>
        WritePolicyAsync(
            actor,
            bucket,
            on ? "MakeBucketPublic" : "MakeBucketPrivate",
            null,
            current => current is null || BucketPolicy.IsReadable(current),
            current => PublicRead.With(BucketPolicy.OwnersPart(current), bucket.Name, on),
            ct
        );

    /// <summary>The owner's part of the policy, as it is edited; all of it where it cannot be told apart.</summary>
    public static string? Editable(string? policy) =>
        policy is null || BucketPolicy.IsReadable(policy) ? BucketPolicy.OwnersPart(policy) : policy;

    /// <summary>The owner's part of the policy; null or empty takes it away. The statements of access keys stay.</summary>
    /// <param name="seen">The owner's part as it was edited.</param>
    public async Task<Outcome> SetPolicyAsync(Actor actor, OpenBucket bucket, string? seen, string? text, CancellationToken ct)
    {
        if (!string.IsNullOrWhiteSpace(text) && BucketPolicy.Check(text) is { IsDone: false } refused)
        {
            return refused;
        }

        return await WritePolicyAsync(
            actor,
            bucket,
            "PutBucketPolicy",
            new { Policy = text },
            current => BucketPolicy.IsSame(Editable(current), seen),
            _ => text,
            ct
        );
    }

    /// <summary>The customer's rules. Portal's own is kept, if it is there.</summary>
    /// <param name="seen">The rules as they were edited.</param>
    public async Task<Outcome> SetCorsAsync(
        Actor actor,
        OpenBucket bucket,
        IReadOnlyList<XElement> seen,
        IReadOnlyList<XElement> rules,
        CancellationToken ct
    ) =>
        rules.Count > MostCorsRules - 1
            ? Refusal.Limit($"S3 keeps {MostCorsRules} rules, and one is Portal's.")
            : await RunAsync(
                actor,
                bucket,
                "PutBucketCors",
                new { Rules = rules.Count },
                () => PortalCorsRule.ReadAsync(bucket, ct),
                current => CorsDraft.AreSame(current, seen),
                current =>
                    PortalCorsRule.WriteAsync(
                        bucket,
                        [.. current.Where(PortalCorsRule.Is), .. rules.Where(rule => !PortalCorsRule.Is(rule))],
                        ct
                    )
            );

    /// <summary>What has been versioned once can be suspended, and never be without versions again.</summary>
    public Task<Outcome> SetVersioningAsync(Actor actor, OpenBucket bucket, bool on, CancellationToken ct) =>
        RunAsync(
            actor,
            bucket,
            "PutBucketVersioning",
            new { On = on },
            () =>
                bucket.S3.PutBucketVersioningAsync(
                    new PutBucketVersioningRequest
                    {
                        BucketName = bucket.Name,
                        VersioningConfig = new S3BucketVersioningConfig { Status = on ? VersionStatus.Enabled : VersionStatus.Suspended },
                    },
                    ct
                )
        );

    /// <param name="seen">The rules as they were edited.</param>
    public async Task<Outcome> SetLifecycleAsync(
        Actor actor,
        OpenBucket bucket,
        IReadOnlyList<XElement> seen,
        IReadOnlyList<XElement> rules,
        CancellationToken ct
    ) =>
        rules.Count > MostLifecycleRules
            ? Refusal.Limit($"S3 keeps at most {MostLifecycleRules} rules.")
            : await RunAsync(
                actor,
                bucket,
                "PutBucketLifecycle",
                new { Rules = rules.Count },
                () => BucketSettings.LifecycleAsync(bucket, ct),
                current => LifecycleDraft.AreSame(current, seen),
                _ =>
                    rules.Count == 0
                        ? bucket.Documents.DeleteAsync("lifecycle", ct)
                        : bucket.Documents.WriteAsync("lifecycle", new XElement("LifecycleConfiguration", rules), ct)
            );

    /// <summary>Null turns it off.</summary>
    /// <param name="seen">How it was when it was edited.</param>
    public Task<Outcome> SetWebsiteAsync(
        Actor actor,
        OpenBucket bucket,
        XElement? seen,
        string? index,
        string? error,
        CancellationToken ct
    ) =>
        RunAsync(
            actor,
            bucket,
            index is null ? "DeleteBucketWebsite" : "PutBucketWebsite",
            new { Index = index, Error = error },
            () => BucketSettings.WebsiteAsync(bucket, ct),
            current => current is null ? seen is null : seen is not null && S3Xml.AreSame(current, seen),
            _ =>
                index is null
                    ? bucket.Documents.DeleteAsync("website", ct)
                    : bucket.Documents.WriteAsync("website", BucketWebsite.Document(index, error), ct)
        );

    private Task<Outcome> RunAsync(Actor actor, OpenBucket bucket, string action, object? after, Func<Task> write) =>
        RunAsync(actor, bucket, action, after, () => Task.FromResult<object?>(null), _ => true, _ => write());

    /// <summary>S3 has the last word; what it refuses is said.</summary>
    /// <param name="isAsSeen">Whether what is overwritten is what the page has shown.</param>
    private async Task<Outcome> RunAsync<T>(
        Actor actor,
        OpenBucket bucket,
        string action,
        object? after,
        Func<Task<T>> read,
        Func<T, bool> isAsSeen,
        Func<T, Task> write,
        Func<T, Task<Refusal?>>? whyNot = null
    )
    {
        try
        {
            var current = await read();
            if (!isAsSeen(current))
            {
                return Refusal.State(Stale);
            }

            if (whyNot is not null && await whyNot(current) is { } refusal)
            {
                return refusal;
            }

            await audit.WriteAsync(actor, bucket, action, after: after);
            await write(current);
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            return StorageFault.Refuse(error);
        }

        return Outcome.Done;
    }

    /// <param name="owners">The owner's part, given the whole policy as it is.</param>
    private Task<Outcome> WritePolicyAsync(
        Actor actor,
        OpenBucket bucket,
        string action,
        object? after,
        Func<string?, bool> isAsSeen,
        Func<string?, string?> owners,
        CancellationToken ct
    ) =>
        RunAsync(
            actor,
            bucket,
            action,
            after,
            () => StoredPolicy.ReadAsync(bucket.S3, bucket.Name, ct),
            isAsSeen,
            async current =>
            {
                await PutPolicyAsync(bucket, owners(current), current, ct);
                await TellLetInAsync(actor, bucket, current, owners(current));
            },
            async current =>
            {
                await using var db = await dbs.CreateDbContextAsync(ct);
                return await LetsInMoreAsync(db, actor, current, owners(current), ct)
                    ? await db.WhyNotProvenAsync(actor, clock.GetUtcNow(), ct)
                    : null;
            }
        );

    /// <summary>Once it is so; whoever closes the page meanwhile does not cancel it.</summary>
    private async Task TellLetInAsync(Actor actor, OpenBucket bucket, string? current, string? owners)
    {
        await using var db = await dbs.CreateDbContextAsync();
        if (await LetsInMoreAsync(db, actor, current, owners, CancellationToken.None))
        {
            await db.TellMadeAsync(
                actor,
                $"The bucket {bucket.Name} was opened to others",
                "take it back on the bucket's settings page",
                clock.GetUtcNow(),
                CancellationToken.None
            );
            await db.SaveChangesAsync();
        }
    }

    private static async Task<bool> LetsInMoreAsync(PortalDb db, Actor actor, string? current, string? owners, CancellationToken ct)
    {
        var users = await db.ObjectStoreUsers.Where(user => user.AccountId == actor.AccountId).Select(user => user.Id).ToListAsync(ct);

        // A limited key is a user of its own there.
        var keys = await db.AccessKeys.Where(key => key.AccountId == actor.AccountId).Select(key => key.Id).ToListAsync(ct);
        return BucketPolicy.LetsInMore(current, owners, [.. users, .. keys]);
    }

    private static async Task PutPolicyAsync(OpenBucket bucket, string? owners, string? current, CancellationToken ct)
    {
        if (BucketPolicy.WithPortalsPartOf(owners, current) is { } policy)
        {
            await bucket.S3.PutBucketPolicyAsync(bucket.Name, policy, ct);
        }
        else
        {
            await bucket.S3.DeleteBucketPolicyAsync(bucket.Name, ct);
        }
    }
}
