using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Buckets;

public sealed partial class AccessKeysPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    AccessKeys accessKeys,
    LiveUpdates live,
    IDialogService dialogs,
    TimeProvider clock
) : IDisposable
{
    /// <summary>A revoked key stays in sight for a while, so that one sees that it is.</summary>
    private static readonly TimeSpan KeepInSight = TimeSpan.FromHours(24);

    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private IReadOnlyList<Row>? keys;
    private IReadOnlyList<(string Id, string Name)> buckets = [];
    private ObjectStore? store;
    private IDisposable? listening;
    private MadeAccessKey? made;
    private string name = "",
        token = "";
    private string? bucketId,
        refusal;
    private KeyRights rights;
    private bool adding,
        saving;
    private ElementReference heading,
        madeHeading,
        nameField;

    /// <summary>
    /// What was pressed is gone with the next rendering: where the keyboard goes on. Not before that rendering, which an earlier one may be
    /// reported after: the element is not there yet.
    /// </summary>
    private Func<ElementReference>? next,
        rendered;

    private string? WhyNot => saving ? "It is being made." : ResourceName.Check(name).Reason;

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override bool ShouldRender()
    {
        (rendered, next) = (next ?? rendered, null);
        return true;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            var account = (await current.GetAsync()).AccountId;
            listening = live.Subscribe(
                change => change.AccountId == account && change.Table is "AccessKeys" or "Buckets",
                () =>
                    InvokeAsync(async () =>
                    {
                        await LoadAsync();
                        StateHasChanged();
                    })
            );
        }

        if (rendered is { } element)
        {
            rendered = null;
            await element().FocusAsync();
        }
    }

    private async Task LoadAsync()
    {
        var actor = await current.GetAsync();
        var (turn, since) = (loads.Begin(), clock.GetUtcNow() - KeepInSight);
        await using var db = await dbs.CreateDbContextAsync(left.Token);
        var found = await db
            .AccessKeys.AsNoTracking()
            .Where(key => key.AccountId == actor.AccountId && (key.State != AccessKeyState.Revoked || key.RevokedAt > since))
            .OrderByDescending(key => key.CreatedAt)
            .ToListAsync(left.Token);
        var named = await db
            .Buckets.AsNoTracking()
            .Where(bucket => bucket.AccountId == actor.AccountId)
            .Select(bucket => new
            {
                bucket.Id,
                bucket.Name,
                bucket.State,
            })
            .ToListAsync(left.Token);
        var there = await db.ObjectStores.AsNoTracking().OrderBy(store => store.Id).FirstOrDefaultAsync(left.Token);
        if (loads.IsCurrent(turn))
        {
            keys = [.. found.Select(key => new Row(key, named.FirstOrDefault(bucket => bucket.Id == key.BucketId)?.Name))];
            buckets =
            [
                .. named
                    .Where(bucket => bucket.State is BucketState.Available)
                    .OrderBy(bucket => bucket.Name, StringComparer.Ordinal)
                    .Select(bucket => (bucket.Id, bucket.Name)),
            ];
            store = there;
        }
    }

    private void Begin() =>
        (adding, name, bucketId, rights, token, refusal, next) = (
            true,
            "",
            null,
            KeyRights.ReadWrite,
            Guid.NewGuid().ToString("N"),
            null,
            () => nameField
        );

    private void Cancel() => (adding, next) = (false, () => heading);

    private void Copied() => (made, next) = (null, () => heading);

    private async Task CreateAsync()
    {
        if (WhyNot is not null)
        {
            return;
        }

        (saving, refusal) = (true, null);
        try
        {
            var outcome = await ProofDialog.RunAsync(
                dialogs,
                async () =>
                    await accessKeys.CreateAsync(
                        await current.GetAsync(),
                        new NewAccessKey(name, rights, bucketId, token),
                        CancellationToken.None
                    )
            );
            adding = !Show(outcome);
        }
        finally
        {
            saving = false;
        }

        await LoadAsync();
    }

    private async Task RotateAsync(AccessKey key)
    {
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Rotate {key.Name}?",
                    $"A new key with the same permissions is created. The old one works for {AccessKeys.Overlap.TotalHours:0} more hours, so that you can update your programs.",
                    "Rotate",
                    null
                )
            )
        )
        {
            var again = Guid.NewGuid().ToString("N");
            Show(
                await ProofDialog.RunAsync(
                    dialogs,
                    async () => await accessKeys.RotateAsync(await current.GetAsync(), key.Id, again, CancellationToken.None)
                )
            );
            await LoadAsync();
        }
    }

    private async Task RevokeAsync(AccessKey key)
    {
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation(
                    $"Revoke {key.Name}?",
                    "The next request that is signed with it fails. This cannot be undone.",
                    "Revoke",
                    key.Name
                )
            )
        )
        {
            refusal = (await accessKeys.RevokeAsync(await current.GetAsync(), key.Id, CancellationToken.None)).Reason;
            await LoadAsync();
        }
    }

    /// <summary>The secret, this once.</summary>
    private bool Show(Outcome<MadeAccessKey> outcome)
    {
        refusal = outcome.Reason;
        if (outcome.Value is not { } key)
        {
            return false;
        }

        (made, next) = key.Secret is null ? (made, next) : (key, () => madeHeading);
        return true;
    }

    private sealed record Row(AccessKey Key, string? Bucket);
}
