using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Monitoring;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Monitoring;

public sealed partial class MetricsPanel(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    LiveUpdates live,
    TimeProvider clock,
    NavigationManager navigation
) : IDisposable
{
    private static readonly Chart Disk = new("Disk", [(Metric.DiskRead, "Read"), (Metric.DiskWrite, "Written")]);

    private static readonly Chart Operations = new("Disk operations", [(Metric.DiskReads, "Reads"), (Metric.DiskWrites, "Writes")]);

    private static readonly Chart[] OfInstance =
    [
        new("CPU", [(Metric.Cpu, "CPU")]),
        new("Memory", [(Metric.Memory, "Memory")]),
        Disk,
        Operations,
        new("Network", [(Metric.NetworkIn, "Received"), (Metric.NetworkOut, "Sent")]),
    ];

    private static readonly Chart[] OfVolume = [Disk with { Title = "Throughput" }, Operations with { Title = "Operations" }];

    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private IReadOnlyList<MetricPoint>? points;
    private IReadOnlyList<AlertRule> rules = [];
    private IReadOnlyList<AlertAddress> addresses = [];
    private DateTimeOffset from,
        to;
    private IDisposable? listening;

    [Parameter, EditorRequired]
    public string ResourceId { get; set; } = "";

    /// <summary>Why nothing can be changed any more; null if it can.</summary>
    [Parameter]
    public string? Why { get; set; }

    /// <summary>The address's <c>range</c>, which the page knows.</summary>
    [Parameter, EditorRequired]
    public string? Range { get; set; }

    private MetricRange Shown => MetricRange.Of(Range);

    private Chart[] Charts => Metrics.Of(ResourceId).Contains(Metric.Cpu) ? OfInstance : OfVolume;

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override Task OnParametersSetAsync() => LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            var account = (await current.GetAsync()).AccountId;
            listening = live.Subscribe(
                change => change.AccountId == account && change.Table is "MetricSamples" or "AlertRules",
                () => InvokeAsync(RefreshAsync)
            );
        }
    }

    private async Task RefreshAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    /// <summary>Three queries, whatever is shown.</summary>
    private async Task LoadAsync()
    {
        var (range, turn) = (Shown, loads.Begin());
        var actor = await current.GetAsync();
        var now = clock.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(left.Token);
        var measured = await range.LoadAsync(db, actor.AccountId, ResourceId, now, left.Token);
        var watched = await db
            .AlertRules.AsNoTracking()
            .Where(rule => rule.AccountId == actor.AccountId && rule.ResourceId == ResourceId)
            .OrderBy(rule => rule.CreatedAt)
            .ToListAsync(left.Token);
        var people = await db
            .Users.AsNoTracking()
            .Where(user => user.AccountId == actor.AccountId && user.EmailConfirmed)
            .OrderBy(user => user.Id != actor.UserId)
            .ThenBy(user => user.Email)
            .Select(user => new AlertAddress(user.Id, MailDomain.Shown(user.Email!)))
            .ToListAsync(left.Token);
        if (loads.IsCurrent(turn))
        {
            (points, rules, addresses, from, to) = (measured, watched, people, range.Start(now), range.End(now));
        }
    }

    private ChartLine Line((Metric Metric, string Label) line) =>
        new(line.Label, [.. points!.Select(point => (point.At, (double?)point[line.Metric]))]);

    private string Url(MetricRange range) => navigation.GetUriWithQueryParameter("range", range == MetricRange.All[0] ? null : range.Id);

    private static double Least(MetricUnit unit) =>
        unit switch
        {
            MetricUnit.Percent => 10,
            MetricUnit.BytesPerSecond => 1000,
            _ => 1,
        };

    private sealed record Chart(string Title, (Metric Metric, string Label)[] Lines)
    {
        public MetricUnit Unit => Lines[0].Metric.Unit();
    }
}
