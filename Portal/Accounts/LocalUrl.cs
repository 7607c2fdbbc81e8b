namespace Portal.Accounts;

/// <summary>Where to go after signing in: only to a page of this site, or a link could lead people astray under Portal's name.</summary>
public static class LocalUrl
{
    public static string Or(string? url, string otherwise) => IsLocal(url) ? url! : otherwise;

    private static bool IsLocal(string? url) =>
        url is ['/', ..] and not ['/', '/' or '\\', ..] && !url.Any(char.IsControl) && !url.Contains('\\', StringComparison.Ordinal);
}
