using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Tests.Compute;

namespace Portal.Tests.Shared;

/// <summary>
/// Every page as a person reads it, with nothing, with one of everything and with many, after its circuit has begun: roles and axe do not
/// tell that a tag stands among the words. A new page is opened by itself; the rows come from the database.
/// </summary>
[Trait("Needs", "browser")]
public sealed class EveryPageTests(TestPostgres postgres, ABrowser browser) : EveryPageScene(postgres)
{
    private readonly List<string> mistakes = [];
    private readonly HashSet<string> opened = new(StringComparer.Ordinal);

    [Fact]
    public async Task No_page_shows_what_nobody_meant_to_be_read()
    {
        var (nobody, one, many) = (
            await Server.AddPersonAsync(confirmed: false),
            await Server.AddPersonAsync(),
            await Server.AddPersonAsync(isOperator: true)
        );
        await RunningMachines.ReadyToCreateAsync(this, one.AccountId);
        var ids = await FillAsync(one, 1);
        var others = await FillAsync(many, 11);
        await AddTroubleAsync();

        await using (var visitor = (await browser.NewPageAsync(Server)).Context)
        {
            await ReadAsync(visitor.Pages[0], Routes(isForStrangers: true), _ => "nothing");
        }

        await ReadAsync(await browser.SignInAsync(Server, nobody, "/dashboard"), Routes(isForStrangers: false), _ => "nothing");
        await ReadAsync(
            await browser.SignInAsync(Server, one, "/dashboard"),
            Routes(isForStrangers: false),
            route => ids[route],
            withTabs: true
        );
        await ReadAsync(
            await browser.SignInAsync(Server, many, "/dashboard"),
            PagesLookedAt.Routes,
            route => route == "/operator/accounts/{Id}" ? one.AccountId : others[route]
        );
        Assert.Empty(PagesLookedAt.Routes.Except(opened));
        Assert.True(mistakes.Count == 0, string.Join('\n', mistakes));
    }

    private static IEnumerable<string> Routes(bool isForStrangers) =>
        typeof(WebHost)
            .Assembly.GetTypes()
            .SelectMany(type => type.GetCustomAttributes<RouteAttribute>(), (type, route) => (Type: type, route.Template))
            .Where(page =>
                page.Type.GetCustomAttribute<AllowAnonymousAttribute>() is not null == isForStrangers
                && !page.Template.StartsWith("/operator", StringComparison.Ordinal)
            )
            .Select(page => page.Template);

    private async Task ReadAsync(IPage page, IEnumerable<string> routes, Func<string, string> idOf, bool withTabs = false)
    {
        foreach (var route in routes.Order(StringComparer.Ordinal))
        {
            opened.Add(route);
            await ReadAsync(page, Address(route, idOf));
            if (withTabs)
            {
                foreach (
                    var tab in await page.EvaluateAsync<string[]>(
                        "() => [...new Set([...document.querySelectorAll('main nav a[href*=\"tab=\"]')].map(link => link.getAttribute('href')))]"
                    )
                )
                {
                    await ReadAsync(page, tab);
                }
            }
        }
    }

    private async Task ReadAsync(IPage page, string path)
    {
        await page.GotoAsync(path, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
        try
        {
            await page.WaitForFunctionAsync(
                $"() => !document.documentElement.hasAttribute('data-connecting') && !document.querySelector('{Loading}')",
                null,
                new PageWaitForFunctionOptions { Timeout = 60_000 }
            );
        }
        catch (TimeoutException)
        {
            var waiting = await page.EvaluateAsync<string>(
                $"() => document.querySelector('{Loading}')?.closest('main > *, body > *')?.outerHTML.slice(0, 400) ?? 'the circuit'"
            );
            mistakes.Add($"{path} never comes to its end of loading: {waiting}");
        }

        mistakes.AddRange((await PageWords.MistakesAsync(page)).Select(mistake => $"{mistake}, asked for as {path}"));
        await MeasureOnAPhoneAsync(page, path);
    }

    /// <summary>On a phone a wide table scrolls within itself, never the page sideways.</summary>
    private async Task MeasureOnAPhoneAsync(IPage page, string path)
    {
        var size = page.ViewportSize!;
        await page.SetViewportSizeAsync(ABrowser.Phone.Width, ABrowser.Phone.Height);
        var beyond = await page.EvaluateAsync<string?>(
            """
            () => {
              if (document.scrollingElement.scrollWidth <= innerWidth) return null;
              const widest = [...document.querySelectorAll('main *')].reduce((a, b) => a.getBoundingClientRect().right > b.getBoundingClientRect().right ? a : b);
              return `${document.scrollingElement.scrollWidth} of ${innerWidth}, by ${widest.outerHTML.slice(0, 160)}`;
            }
            """
        );
        await page.SetViewportSizeAsync(size.Width, size.Height);
        if (beyond is not null)
        {
            mistakes.Add($"{path} scrolls sideways on a phone: {beyond}");
        }
    }

    /// <summary>
    /// A page of one thing is that of the one that <paramref name="idOf"/> knows; what it knows nothing of is asked for all the same, and
    /// not found.
    /// </summary>
    private static string Address(string route, Func<string, string> idOf) =>
        route
            .Replace("{Code:int}", "404", StringComparison.Ordinal)
            .Replace("{SetupId:guid}", Guid.Empty.ToString(), StringComparison.Ordinal)
            .Replace("{Ticket}", "nothing", StringComparison.Ordinal)
            .Replace("{Id}", route.Contains("{Id}", StringComparison.Ordinal) ? idOf(route) : "", StringComparison.Ordinal)
            .Replace("{Name}", route.Contains("{Name}", StringComparison.Ordinal) ? idOf(route) : "", StringComparison.Ordinal);
}
