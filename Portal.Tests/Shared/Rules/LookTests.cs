using Xunit.Sdk;

namespace Portal.Tests.Shared;

/// <summary>That <see cref="ABrowser.AssertAccessibleAsync"/> can fail.</summary>
[Trait("Needs", "browser")]
public sealed class LookTests(ABrowser browser)
{
    [Theory]
    [InlineData("<img src='data:,'>", "Light", "image-alt")]
    [InlineData("<p style='color: #ddd; background: #fff'>Pale</p>", "Light", "color-contrast")]
    [InlineData(
        "<style>@media (prefers-color-scheme: dark) { p { color: #222; background: #000 } }</style><p>Dim</p>",
        "Dark",
        "color-contrast"
    )]
    public async Task What_not_everybody_can_read_is_found(string mistake, string scheme, string rule)
    {
        var page = await browser.NewPageAsync(new Uri("http://localhost/"));
        await using var visitor = page.Context;
        await page.SetContentAsync($"<!doctype html><html lang=en><title>A page</title><main><h1>A page</h1>{mistake}</main></html>");
        var found = await Assert.ThrowsAnyAsync<XunitException>(() => ABrowser.AssertAccessibleAsync(page));
        Assert.Contains($", {scheme}:", found.Message, StringComparison.Ordinal);
        Assert.Contains($"{rule}:", found.Message, StringComparison.Ordinal);
    }
}
