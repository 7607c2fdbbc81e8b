using Microsoft.AspNetCore.Http.Extensions;

namespace Portal.Buckets;

/// <summary>Addresses of a bucket's page: which folder, which object and which tab is shown is all in them.</summary>
public static class BucketUrl
{
    public static string Tab(string bucket, string tab) => tab is "objects" ? $"/buckets/{bucket}" : $"/buckets/{bucket}?tab={tab}";

    public static string Folder(string bucket, string prefix, string? search = null, bool deleted = false)
    {
        var query = new QueryBuilder();
        Add(query, "prefix", prefix);
        Add(query, "q", search);
        Add(query, "deleted", deleted ? "1" : null);
        return $"/buckets/{bucket}{query}";
    }

    public static string Key(string bucket, string key)
    {
        var query = new QueryBuilder { { "key", key } };
        return $"/buckets/{bucket}{query}";
    }

    /// <summary>Leads on to the storage, which gives it as a file to save.</summary>
    public static string Download(string bucket, string key, string? version = null)
    {
        var query = new QueryBuilder { { "key", key } };
        Add(query, "version", version);
        return $"/buckets/{bucket}/download{query}";
    }

    /// <summary>The folders that lead to <paramref name="prefix"/>, the top excluded: what each is called, and its whole prefix.</summary>
    public static IEnumerable<(string Name, string Prefix)> Crumbs(string prefix)
    {
        for (
            var (start, slash) = (0, prefix.IndexOf('/', StringComparison.Ordinal));
            slash >= 0;
            (start, slash) = (slash + 1, prefix.IndexOf('/', slash + 1))
        )
        {
            yield return (slash == start ? "(no name)" : prefix[start..slash], prefix[..(slash + 1)]);
        }
    }

    private static void Add(QueryBuilder query, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            query.Add(name, value);
        }
    }
}
