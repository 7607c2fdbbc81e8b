using Microsoft.Playwright;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "browser")]
public sealed class DoorPagesTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    [Theory]
    [InlineData("/", "home")]
    [InlineData("/sign-up", "sign-up")]
    [InlineData("/sign-in", "sign-in")]
    [InlineData("/not-there", "not-found")]
    public async Task Is_readable_by_everybody(string path, string name)
    {
        foreach (var size in (ViewportSize[])[ABrowser.Desktop, ABrowser.Phone])
        {
            var page = await browser.NewPageAsync(Server, size);
            await page.GotoAsync(path);
            await ABrowser.AssertAccessibleAsync(page, name);
            await page.Context.CloseAsync();
        }
    }
}
