using Microsoft.Playwright;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>
/// (d) What the server's managed heap grows by for each open circuit that shows the list of 1,000 instances; real circuits of a real
/// browser.
/// </summary>
internal static class CircuitMemory
{
    private const int Circuits = 200;
    private const int WarmUp = 10;

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        await using var web = await PortalServer.StartAsync(await postgres.CreateDatabaseAsync());
        await using var browser = new ABrowser();
        var person = await ListPage.PersonWithAsync(web, 1000);
        var first = await browser.SignInAsync(web, person);
        for (var i = 1; i < WarmUp; i++)
        {
            await OpenAsync(first);
        }

        var before = Heap();
        for (var i = 0; i < Circuits; i++)
        {
            await OpenAsync(first);
        }

        // The browser's side of the test lives in this heap too, so the figure is an upper bound.
        return [new Figure("(d) memory per open list circuit, 200 circuits", (Heap() - before) / 1024.0 / Circuits, "KB", null, 500)];
    }

    private static async Task OpenAsync(IPage first)
    {
        var page = await first.Context.NewPageAsync();
        await page.GotoAsync("/instances");
        await ABrowser.InteractiveAsync(page);
        await Assertions.Expect(page.GetByText("machine-0000")).ToBeVisibleAsync();
    }

    private static long Heap()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
