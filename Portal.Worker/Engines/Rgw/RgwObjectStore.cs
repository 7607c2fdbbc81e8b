using System.Globalization;
using System.Text.Json;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Rgw;

/// <summary>RADOS Gateway: users, keys and counts through its admin API here, buckets through S3 in the other part.</summary>
public sealed partial class RgwObjectStore(StoreAccess access, AdminApi admin) : IObjectStore
{
    public async Task CheckAsync(CancellationToken ct)
    {
        await UsersAsync(ct);
        await admin.AskAsync(HttpMethod.Get, "bucket", [("uid", "portal-check"), ("stats", "false")], ct).OrMissingAsync();
        await admin
            .AskAsync(HttpMethod.Get, "usage", [("uid", "portal-check"), ("show-entries", "false"), ("show-summary", "false")], ct)
            .OrMissingAsync();
    }

    public async Task EnsureUserAsync(StoreUser user, CancellationToken ct)
    {
        // For RADOS Gateway 0 is "no limit" and less is "none at all".
        var maxBuckets = user.MaxBuckets is 0 ? -1 : user.MaxBuckets;
        (string, string)[] wanted = [("uid", user.Id), ("display-name", user.DisplayName), ("max-buckets", Text(maxBuckets))];
        (string, string) suspension = ("suspended", user.IsSuspended ? "true" : "false");
        var known = await admin.AskAsync(HttpMethod.Get, "user", [("uid", user.Id)], ct).OrMissingAsync();
        if (known is null)
        {
            await admin.AskAsync(HttpMethod.Put, "user", [.. wanted, suspension, ("generate-key", "false")], ct);
        }
        else if (known.Value.GetProperty("suspended").GetInt32() is not 0 != user.IsSuspended)
        {
            // This goes through all of his buckets, so it is not said when it holds anyway.
            await admin.AskAsync(HttpMethod.Post, "user", [.. wanted, suspension], ct);
        }
        else if (
            known.Value.GetProperty("max_buckets").GetInt32() != maxBuckets
            || known.Value.GetProperty("display_name").GetString() != user.DisplayName
        )
        {
            await admin.AskAsync(HttpMethod.Post, "user", wanted, ct);
        }

        // A bucket of somebody who is suspended still takes what its policy lets others put into it: RADOS Gateway 16 looks whether it is
        // closed only when an object is read. There is room for nothing then.
        await admin.AskAsync(
            HttpMethod.Put,
            "user",
            [
                ("quota", ""),
                ("uid", user.Id),
                ("quota-type", "user"),
                ("enabled", "true"),
                ("max-size-kb", Kilobytes(user.IsSuspended ? 0 : user.MaxBytes)),
                ("max-objects", Text(user.IsSuspended ? 0 : user.MaxObjects)),
            ],
            ct
        );
    }

    public async Task RemoveUserAsync(string userId, CancellationToken ct)
    {
        try
        {
            await admin.AskAsync(HttpMethod.Delete, "user", [("uid", userId), ("purge-data", "false")], ct).OrMissingAsync();
        }
        catch (EngineException error) when (error.Fault is EngineFault.Rejected)
        {
            throw new EngineException(EngineFault.Rejected, "The user still owns a bucket.", error);
        }
    }

    public Task EnsureKeyAsync(string userId, StoreKey key, CancellationToken ct) =>
        admin.AskAsync(
            HttpMethod.Put,
            "user",
            [
                ("key", ""),
                ("uid", userId),
                ("key-type", "s3"),
                ("access-key", key.AccessKeyId),
                ("secret-key", key.Secret),
                ("generate-key", "false"),
            ],
            ct
        );

    public async Task RemoveKeyAsync(string userId, string accessKeyId, CancellationToken ct)
    {
        // Asked to remove a key that is not there, some versions answer as if the request were wrong: so what there is is asked for first.
        if (
            await admin.AskAsync(HttpMethod.Get, "user", [("uid", userId)], ct).OrMissingAsync() is { } user
            && user.GetProperty("keys").EnumerateArray().Any(key => key.GetProperty("access_key").GetString() == accessKeyId)
        )
        {
            await admin
                .AskAsync(HttpMethod.Delete, "user", [("key", ""), ("uid", userId), ("key-type", "s3"), ("access-key", accessKeyId)], ct)
                .OrMissingAsync();
        }
    }

    public async Task<IReadOnlyList<string>> UsersAsync(CancellationToken ct)
    {
        var (users, marker) = (new List<string>(), "");
        do
        {
            var page = await admin.AskAsync(
                HttpMethod.Get,
                "user",
                [("list", ""), ("max-entries", "1000"), .. marker.Length > 0 ? new[] { ("marker", marker) } : []],
                ct
            );
            users.AddRange(page.GetProperty("keys").EnumerateArray().Select(user => user.GetString()!));
            marker =
                page.GetProperty("truncated").GetBoolean() && page.TryGetProperty("marker", out var next) ? next.GetString() ?? "" : "";
        } while (marker.Length > 0);
        return users;
    }

    public async Task<IReadOnlyList<BucketContent>> BucketsAsync(CancellationToken ct)
    {
        var all = await admin.AskAsync(HttpMethod.Get, "bucket", [("stats", "true")], ct);
        return [.. all.EnumerateArray().Where(row => row.ValueKind is JsonValueKind.Object && !IsOfATenant(row)).Select(Content)];
    }

    public async Task<IReadOnlyList<BucketTraffic>> TrafficAsync(DateTimeOffset since, CancellationToken ct)
    {
        var all = await admin.AskAsync(
            HttpMethod.Get,
            "usage",
            [("start", Hour(since)), ("show-entries", "true"), ("show-summary", "false")],
            ct
        );
        return all.ValueKind is JsonValueKind.Object && all.TryGetProperty("entries", out var entries)
            ? [.. entries.EnumerateArray().SelectMany(user => user.GetProperty("buckets").EnumerateArray().Select(Traffic))]
            : [];
    }

    public Task ForgetTrafficAsync(DateTimeOffset before, CancellationToken ct) =>
        admin.AskAsync(HttpMethod.Delete, "usage", [("end", Hour(before)), ("remove-all", "true")], ct);

    private static BucketContent Content(JsonElement row)
    {
        // Parts of unfinished uploads take room as well; the number is that of objects and versions.
        var kinds = row.GetProperty("usage").EnumerateObject().ToList();
        return new BucketContent(
            row.GetProperty("bucket").GetString()!,
            row.GetProperty("owner").GetString()!,
            Id(row),
            kinds.Sum(kind => kind.Value.GetProperty("size").GetInt64()),
            kinds.Where(kind => kind.Name is "rgw.main").Sum(kind => kind.Value.GetProperty("num_objects").GetInt64()),
            row.TryGetProperty("creation_time", out var made) && made.TryGetDateTimeOffset(out var at) ? at : DateTimeOffset.UnixEpoch
        );
    }

    /// <summary>
    /// Somebody else's who shares the gateway: a tenant's buckets have names of their own, which may be those of Portal's.
    /// </summary>
    private static bool IsOfATenant(JsonElement row) =>
        row.TryGetProperty("tenant", out var tenant) && tenant.GetString() is { Length: > 0 };

    /// <summary>
    /// What it was called when it was made: the id that stands beside it is another one as soon as its index was split into more shards.
    /// </summary>
    private static string Id(JsonElement row) => row.GetProperty("marker").GetString()!;

    /// <summary>
    /// Bytes of an answer that says no, at the least: some more are the names in it. Not more, so that what was served stays counted.
    /// </summary>
    private const long Refusal = 230;

    private static BucketTraffic Traffic(JsonElement row)
    {
        // A bucket's policy is read by Portal itself, once a minute where limited keys depend on it.
        var kinds = row.GetProperty("categories")
            .EnumerateArray()
            .Where(kind => kind.GetProperty("category").GetString() is not "get_bucket_policy")
            .ToList();
        return new BucketTraffic(
            row.GetProperty("owner").GetString()!,
            row.GetProperty("bucket").GetString()!,
            DateTimeOffset.FromUnixTimeSeconds(row.GetProperty("epoch").GetInt64()),
            kinds.Sum(Sent),
            kinds.Where(kind => !IsRead(kind)).Sum(Served),
            kinds.Where(IsRead).Sum(Served)
        );

        // What was refused is not billed: else a stranger could run up a bill, or the month's downloads, by being turned away.
        static long Sent(JsonElement kind) =>
            Math.Max(0, kind.GetProperty("bytes_sent").GetInt64() - (Refusal * (kind.GetProperty("ops").GetInt64() - Served(kind))));

        static long Served(JsonElement kind) => kind.GetProperty("successful_ops").GetInt64();
    }

    /// <summary>As at Amazon, listing is priced like writing; deleting costs nothing there, and is a write here.</summary>
    private static bool IsRead(JsonElement kind) =>
        kind.GetProperty("category").GetString() is { } name
        && (
            name.StartsWith("get_", StringComparison.Ordinal)
            || name.StartsWith("stat_", StringComparison.Ordinal)
            || name.StartsWith("options_", StringComparison.Ordinal)
        );

    private static string Hour(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Kilobytes(long bytes) => Text(bytes / 1024);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

internal static class MissingAnswers
{
    /// <summary>Null for what is not there.</summary>
    public static async Task<JsonElement?> OrMissingAsync(this Task<JsonElement> asked)
    {
        try
        {
            return await asked;
        }
        catch (EngineException error) when (error.Fault is EngineFault.Missing)
        {
            return null;
        }
    }
}
