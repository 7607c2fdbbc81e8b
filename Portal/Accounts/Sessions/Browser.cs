namespace Portal.Accounts;

/// <summary>What a User-Agent header says, in two words a person recognizes: <c>Firefox on Linux</c>.</summary>
public static class Browser
{
    // The order matters: nearly every browser also says that it is Safari and Chrome.
    private static readonly (string Sign, string Name)[] Names =
    [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];

    private static readonly (string Sign, string Name)[] Systems =
    [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];

    public static string Of(string? userAgent) =>
        (Find(Names, userAgent), Find(Systems, userAgent)) switch
        {
            ({ } name, { } system) => $"{name} on {system}",
            ({ } name, null) => name,
            (null, { } system) => $"A browser on {system}",
            _ => "An unknown browser",
        };

    private static string? Find((string Sign, string Name)[] known, string? userAgent) =>
        Array.Find(known, pair => userAgent?.Contains(pair.Sign, StringComparison.Ordinal) is true).Name;
}
