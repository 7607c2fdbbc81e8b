using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Buckets;

public sealed partial class BucketPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    BucketGateway buckets,
    ChangeBucket change,
    LiveUpdates live,
    IDialogService dialogs,
    TimeProvider clock,
    NavigationManager navigation
) : IDisposable
{
    private static readonly (string Tab, string Label)[] Tabs =
    [
        ("objects", "Objects"),
        ("settings", "Settings"),
        ("usage", "Usage"),
        ("connect", "Connect"),
        ("events", "Events"),
    ];

    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();

    /// <summary>Opened before, at another address: what is still being read there ends undisturbed.</summary>
    private readonly List<OpenBucket> formers = [];

    private BucketView? view;
    private OpenBucket? open;

    /// <summary>What it holds at this moment; null if the store does not say, and what was measured is told instead.</summary>
    private BucketHolding? held;

    private IDisposable? listening;
    private string? refusal,
        whyNotOpen;
    private bool acting,
        subscribed,
        isVersioned;

    [Parameter]
    public string Name { get; set; } = "";

    [SupplyParameterFromQuery]
    public string? Tab { get; set; }

    [SupplyParameterFromQuery]
    public string? Prefix { get; set; }

    [SupplyParameterFromQuery]
    public string? Key { get; set; }

    [SupplyParameterFromQuery(Name = "q")]
    public string? Search { get; set; }

    [SupplyParameterFromQuery]
    public string? Deleted { get; set; }

    /// <summary>How far back the usage is shown.</summary>
    [SupplyParameterFromQuery]
    public string? Days { get; set; }

    private string Shown => Array.Exists(Tabs, known => known.Tab == Tab) ? Tab! : "objects";

    private string? Busy => acting ? "Working on it." : null;

    public void Dispose()
    {
        listening?.Dispose();
        open?.Dispose();
        formers.ForEach(former => former.Dispose());
        left.Dispose();
    }

    protected override async Task OnParametersSetAsync()
    {
        await LoadAsync();
        await CountAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // The first rendering may come before the first loading is done.
        if (subscribed || view is null)
        {
            return;
        }

        subscribed = true;
        var account = (await current.GetAsync()).AccountId;
        listening = live.Subscribe(
            seen => seen.Table == "ObjectStores" || (seen.AccountId == account && seen.Table == "Buckets" && seen.Id == view.Bucket.Id),
            () => InvokeAsync(RefreshAsync)
        );

        // Once more: what changed between the first rendering and the subscription was told to nobody.
        await RefreshAsync();
    }

    private async Task RefreshAsync()
    {
        await LoadAsync();
        StateHasChanged();
        await CountAsync();
    }

    private async Task LoadAsync()
    {
        var actor = await current.GetAsync();
        var turn = loads.Begin();
        var loaded = await BucketView.LoadAsync(dbs, prices, actor, Name, events: Shown is "events", clock.GetUtcNow(), left.Token);
        if (!loads.IsCurrent(turn))
        {
            return;
        }

        if (loaded is null)
        {
            Leave();
            return;
        }

        view = loaded;
        if (
            open is null
            || open.Id != view.Bucket.Id
            || view.Bucket.WhyNotOpen is not null
            || open.Store.Endpoint != view.Store?.Endpoint
            || open.Store.OwnEndpoint != view.Store.OwnEndpoint
        )
        {
            await OpenAsync(actor, turn);
        }
    }

    /// <summary>It is not there: it never was, or it was deleted while it was looked at.</summary>
    private void Leave()
    {
        if (view is null)
        {
            navigation.NotFound();
        }
        else
        {
            navigation.NavigateTo("/buckets");
        }
    }

    private async Task OpenAsync(Actor actor, int turn)
    {
        // The former one is shown until this is there.
        var opened = await buckets.OpenAsync(actor, view!.Bucket.Id, left.Token);
        if (!loads.IsCurrent(turn))
        {
            opened.Value?.Dispose();
            return;
        }

        held = null;
        formers.AddRange(open is null ? [] : [open]);
        (open, whyNotOpen) = (opened.Value, opened.Reason);
        if (open is not { } bucket || !RendererInfo.IsInteractive)
        {
            return;
        }

        StateHasChanged();
        var versioning = await bucket.AskAsync(s3 =>
            s3.GetBucketVersioningAsync(new GetBucketVersioningRequest { BucketName = bucket.Name }, left.Token)
        );
        isVersioned =
            versioning.Value?.VersioningConfig?.Status == VersionStatus.Enabled
            || versioning.Value?.VersioningConfig?.Status == VersionStatus.Suspended;
    }

    /// <summary>The measure is minutes old when somebody has just put something in: the store knows at once.</summary>
    private async Task CountAsync()
    {
        if (
            open is { } bucket
            && RendererInfo.IsInteractive
            && await bucket.Documents.CountAsync(left.Token) is var counted
            && open == bucket
        )
        {
            held = counted;
            StateHasChanged();
        }
    }

    private async Task DeleteAsync()
    {
        var bucket = view!.Bucket;

        // What was measured may be a minute old.
        var isEmpty = bucket.Objects == 0 && !await HoldsAnythingAsync();
        var text = isEmpty
            ? "Its settings go with it. Its name is free for anybody then. If something is in it after all, nothing is deleted."
            : $"{Holding(bucket)}. Everything in it goes, with older versions, and this cannot be undone. Its name is free for anybody then.";
        if (
            !await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation($"Delete {bucket.Name}?", text, isEmpty ? "Delete" : "Delete everything", bucket.Name)
            )
        )
        {
            return;
        }

        (acting, refusal) = (true, null);
        try
        {
            var done = await change.DeleteAsync(await current.GetAsync(), bucket.Id, emptyFirst: !isEmpty, CancellationToken.None);
            refusal = done.Outcome.Reason;
        }
        finally
        {
            acting = false;
        }

        await LoadAsync();
    }

    private string Holding(Bucket bucket) =>
        held is { Objects: > 0 } now ? $"It holds {Format.Count(now.Objects, "object")} ({Format.Bytes(now.Bytes)})"
        : bucket is { Objects: > 0, MeasuredAt: { } at }
            ? $"It held {Format.Count(bucket.Objects, "object")} ({Format.Bytes(bucket.Bytes)}) as of {Format.Clock(at, clock.GetUtcNow())}"
        : "It is not empty";

    /// <summary>A version is enough.</summary>
    private async Task<bool> HoldsAnythingAsync() =>
        open is { } bucket
        && (
            await bucket.AskAsync(s3 => s3.ListVersionsAsync(new ListVersionsRequest { BucketName = bucket.Name, MaxKeys = 1 }, left.Token))
        ).Value
            is { Versions.Count: > 0 };
}
