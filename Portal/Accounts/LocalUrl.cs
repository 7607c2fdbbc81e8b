namespace Portal.Accounts;

/// <summary>Where to go after signing in: only to a page of this site, or a link could lead people astray under Portal's name.</summary>
public static class LocalUrl
{
    /// <summary>None of ours is nearly as long; what is kept in the database has room for it.</summary>
    private const int MaxLength = 2048;

    public static string Or(string? url, string otherwise) => IsLocal(url) ? url! : otherwise;

    private static bool IsLocal(string? url) =>
        url is { Length: <= MaxLength } and ['/', ..] and not ['/', '/' or '\\', ..]
        && !url.Any(char.IsControl)
        && !url.Contains('\\', StringComparison.Ordinal);
}
