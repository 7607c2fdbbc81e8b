using System.Text.Json;
using Microsoft.Playwright;

namespace Portal.Tests.Buckets;

/// <summary>Drops files and folders of this machine on a page, as the browser's own drag and drop does.</summary>
public static class Drop
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static async Task OnAsync(IPage page, string selector, IReadOnlyList<string> paths)
    {
        // Before its script is there the page does not take anything.
        await page.Locator($"{selector}[data-takes]").First.WaitForAsync();
        var box =
            await page.Locator(selector).First.BoundingBoxAsync() ?? throw new InvalidOperationException($"{selector} cannot be seen.");
        var devtools = await page.Context.NewCDPSessionAsync(page);
        foreach (var type in new[] { "dragEnter", "dragOver", "drop" })
        {
            await devtools.SendAsync(
                "Input.dispatchDragEvent",
                JsonSerializer.Deserialize<Dictionary<string, object>>(
                    JsonSerializer.Serialize(
                        new
                        {
                            type,
                            x = box.X + (box.Width / 2),
                            y = box.Y + 40,
                            data = new
                            {
                                items = Array.Empty<object>(),
                                files = paths,
                                dragOperationsMask = 1,
                            },
                        },
                        Json
                    )
                )!
            );
        }

        await devtools.DetachAsync();
    }
}
