using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;

namespace Portal.Tests.EndToEnd;

/// <summary>Clicks as a person does, and keeps count of the clicks and of the time each step took.</summary>
internal sealed class Clicks
{
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private readonly List<(string Step, TimeSpan At, int Clicks)> steps = [];

    public int Count { get; private set; }

    public Task OnButtonAsync(IPage page, string name) => OnAsync(page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }));

    public Task OnLinkAsync(IPage page, string name) => OnAsync(page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true }));

    public async Task OnAsync(ILocator what)
    {
        await what.ClickAsync();
        Count++;
    }

    public async Task OpenAsync(IPage page, string address)
    {
        await page.GotoAsync(address);
        Count++;
    }

    public void Reached(string step) => steps.Add((step, watch.Elapsed, Count));

    /// <summary>A Markdown table, kept beside the pictures.</summary>
    public string Table()
    {
        var before = TimeSpan.Zero;
        var rows = new List<string> { "| step | clicks so far | seconds | since the start |", "| --- | ---: | ---: | ---: |" };
        foreach (var (step, at, clicks) in steps)
        {
            rows.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {step} | {clicks} | {(at - before).TotalSeconds:0.0} | {at.TotalSeconds:0.0} |"
                )
            );
            before = at;
        }

        return string.Join('\n', rows) + "\n";
    }
}
