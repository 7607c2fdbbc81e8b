using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.AspNetCore.Components;
using MudBlazor;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Buckets;

public sealed partial class BucketPage(PriceList prices, BucketGateway buckets, ChangeBucket change, IDialogService dialogs)
{
    private readonly LatestLoad openings = new();

    /// <summary>Opened before, at another address: what is still being read there ends undisturbed.</summary>
    private readonly List<OpenBucket> formers = [];

    private OpenBucket? open;

    /// <summary>What it holds at this moment; null if the store does not say, and what was measured is told instead.</summary>
    private BucketHolding? held;

    private string? whyNotOpen;
    private bool isVersioned;

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

    protected override IReadOnlyList<(string Tab, string Label)> Tabs { get; } =
    [("objects", "Objects"), ("settings", "Settings"), ("usage", "Usage"), ("connect", "Connect"), ("events", "Events")];

    protected override string Path => "/buckets";

    public override void Dispose()
    {
        open?.Dispose();
        formers.ForEach(former => former.Dispose());
        base.Dispose();
    }

    protected override Task<BucketView?> ReadAsync(Actor actor, CancellationToken ct) =>
        BucketView.LoadAsync(Dbs, prices, actor, Id, events: Shown is "events", Clock.GetUtcNow(), ct);

    protected override bool Concerns(Change seen) =>
        seen.Table is "ObjectStores" || (seen.Table is "Buckets" && seen.Id == View?.Bucket.Id);

    protected override async Task OnLoadedAsync(BucketView? before)
    {
        var (bucket, store) = (View!.Bucket, View.Store);
        if (
            open is null
            || open.Id != bucket.Id
            || bucket.WhyNotOpen is not null
            || open.Store.Endpoint != store?.Endpoint
            || open.Store.OwnEndpoint != store.OwnEndpoint
        )
        {
            await OpenAsync(bucket.Id);
        }

        // The store is asked last, and may be slow.
        StateHasChanged();
        await CountAsync();
    }

    private async Task OpenAsync(string id)
    {
        var turn = openings.Begin();

        // The former one is shown until this is there.
        var opened = await buckets.OpenAsync(await Current.GetAsync(), id, Left);
        if (!openings.IsCurrent(turn))
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
            s3.GetBucketVersioningAsync(new GetBucketVersioningRequest { BucketName = bucket.Name }, Left)
        );
        isVersioned =
            versioning.Value?.VersioningConfig?.Status == VersionStatus.Enabled
            || versioning.Value?.VersioningConfig?.Status == VersionStatus.Suspended;
    }

    /// <summary>The measure is minutes old when somebody has just put something in: the store knows at once.</summary>
    private async Task CountAsync()
    {
        if (open is { } bucket && RendererInfo.IsInteractive && await bucket.Documents.CountAsync(Left) is var counted && open == bucket)
        {
            held = counted;
            StateHasChanged();
        }
    }

    private async Task DeleteAsync()
    {
        var bucket = View!.Bucket;

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

        await ActAsync(async actor =>
        {
            var done = await change.DeleteAsync(actor, bucket.Id, emptyFirst: !isEmpty, CancellationToken.None);
            return done.Outcome;
        });
    }

    private string Holding(Bucket bucket) =>
        held is { Objects: > 0 } now ? $"It holds {Format.Count(now.Objects, "object")} ({Format.Bytes(now.Bytes)})"
        : bucket is { Objects: > 0, MeasuredAt: { } at }
            ? $"It held {Format.Count(bucket.Objects, "object")} ({Format.Bytes(bucket.Bytes)}) as of {Format.Clock(at, Clock.GetUtcNow())}"
        : "It is not empty";

    /// <summary>A version is enough.</summary>
    private async Task<bool> HoldsAnythingAsync() =>
        open is { } bucket
        && (
            await bucket.AskAsync(s3 => s3.ListVersionsAsync(new ListVersionsRequest { BucketName = bucket.Name, MaxKeys = 1 }, Left))
        ).Value
            is { Versions.Count: > 0 };
}
