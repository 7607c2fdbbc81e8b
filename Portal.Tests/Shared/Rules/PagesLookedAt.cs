using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Playwright;

namespace Portal.Tests.Shared;

/// <summary>Which pages axe has looked at in this run: a page that no browser test opens is found by nobody else.</summary>
internal static class PagesLookedAt
{
    private static readonly ConcurrentDictionary<string, bool> Paths = new(StringComparer.Ordinal);

    /// <summary>A refusal stands at the address that was asked for: it is looked at only where it has its own.</summary>
    public static async Task AddAsync(IPage page)
    {
        var path = new Uri(page.Url).AbsolutePath;
        if (
            path is "/not-found" or "/error"
            || path.StartsWith("/status/", StringComparison.Ordinal)
            || await page.Locator(".status-code").CountAsync() == 0
        )
        {
            Paths.TryAdd(path, true);
        }
    }

    /// <summary>The routes of pages without one; none in a run of only some tests, which <c>bin/test</c> tells apart.</summary>
    public static IReadOnlyList<string> Missing() =>
        Environment.GetEnvironmentVariable("WHOLE_RUN") is "1" ? [.. Routes.Except(Paths.Keys.Select(RouteOf))!] : [];

    internal static readonly string[] Routes =
    [
        .. typeof(WebHost)
            .Assembly.GetTypes()
            .SelectMany(type => type.GetCustomAttributes<RouteAttribute>())
            .Select(route => route.Template)
            .Distinct(StringComparer.Ordinal),
    ];

    /// <summary>
    /// Of those that fit the one with the fewest parameters, as routing chooses: /volumes/new is not the page of a volume.
    /// </summary>
    private static string? RouteOf(string path) =>
        Routes
            .Where(route => new TemplateMatcher(TemplateParser.Parse(route), []).TryMatch(path, []))
            .MinBy(route => route.Count(letter => letter is '{'));
}
