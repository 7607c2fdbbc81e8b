using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using Microsoft.EntityFrameworkCore;
using Microsoft.JSInterop;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Buckets;

public sealed partial class ObjectsTab(
    CurrentActor current,
    ObjectChanges changes,
    ChangeObjects change,
    IDbContextFactory<PortalDb> dbs,
    LiveUpdates live,
    TimeProvider clock,
    StorageOrigins origins,
    IDialogService dialogs,
    IJSRuntime js,
    NavigationManager navigation
) : IAsyncDisposable
{
    /// <summary>Enough for the tallest screen.</summary>
    private const int FirstLines = 60;

    private readonly PageLifetime left = new();
    private UploadsInBrowser? uploads;
    private ElementReference zone;
    private ObjectListing listing = null!;
    private IReadOnlyList<ObjectLine>? first;
    private IReadOnlyList<ObjectOperationView> operations = [];
    private Virtualize<ObjectLine>? rows;
    private IDisposable? listening;
    private Actor? actor;
    private (OpenBucket Bucket, string Prefix, string? Search)? shown;
    private string? problem;
    private bool interactive,
        provided,
        unread;

    [Parameter, EditorRequired]
    public OpenBucket Bucket { get; set; } = null!;

    /// <summary>The folder, with its slash; empty at the top.</summary>
    [Parameter]
    public string Prefix { get; set; } = "";

    [Parameter]
    public string? Search { get; set; }

    /// <summary>Shows what was deleted, and can be had back.</summary>
    [Parameter]
    public bool Deleted { get; set; }

    [Parameter]
    public bool IsVersioned { get; set; }

    /// <summary>Why the store takes nothing now, as a sentence; null if it does.</summary>
    [Parameter]
    public string? StoreIsFull { get; set; }

    /// <summary>Something came or went, through this page.</summary>
    [Parameter]
    public EventCallback OnChanged { get; set; }

    private ListSelection Selection { get; } = new();

    private string? WhyNotUpload =>
        StoreIsFull is { } full ? full
        : Prefix.Length == 0 ? null
        : ObjectKey.Check(Prefix + "a").Reason is { } reason ? $"Nothing can be uploaded into this folder. {reason}"
        : null;

    private string Counted =>
        first is null || unread || Deleted ? ""
        : listing.IsComplete ? Format.Count(listing.Known, "entry")
        : $"more than {listing.Known.ToString("N0", CultureInfo.InvariantCulture)} entries";

    public async ValueTask DisposeAsync()
    {
        listening?.Dispose();
        left.Dispose();
        if (uploads is not null)
        {
            await uploads.DisposeAsync();
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        actor ??= await current.GetAsync();
        var asked = (Bucket, Prefix, Search);
        if (shown == asked)
        {
            // The page was told something: perhaps that the store is there again.
            await (unread && interactive ? RefreshAsync() : Task.CompletedTask);
            return;
        }

        var isAnother = shown?.Bucket != Bucket;
        shown = asked;
        listing = new ObjectListing(Bucket, Prefix, Prefix + Search);
        (first, problem, provided) = (null, null, false);
        Selection.SetAll(false);
        if (uploads is not null)
        {
            origins.Expect(Bucket.Store.Endpoint);
            await uploads.MoveAsync(Bucket.Name, Prefix, Bucket.Store.Endpoint);
        }

        if (isAnother)
        {
            operations = await ObjectOperationView.OfAsync(dbs, actor, Bucket.Id, clock.GetUtcNow(), left.Token);
        }

        await ReadFirstAsync();
        await (rows?.RefreshDataAsync() ?? Task.CompletedTask);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            interactive = true;
            listening = live.Subscribe(
                seen => seen.Table is "ObjectOperations" && seen.AccountId == actor!.AccountId,
                () => InvokeAsync(SeeAsync)
            );
            uploads = new UploadsInBrowser(js, () => InvokeAsync(RefreshAsync));
            origins.Expect(Bucket.Store.Endpoint);
            await uploads.AttachAsync(zone, Bucket.Name, Prefix, Bucket.Store.Endpoint);

            // Once more: what changed between the first rendering and the subscription was told to nobody.
            await SeeAsync();
        }
    }

    private async Task ReadFirstAsync()
    {
        var mine = listing;
        try
        {
            var lines = await mine.WindowAsync(0, FirstLines, left.Token);
            first = mine == listing ? lines : first;
            (unread, problem) = (false, unread ? null : problem);
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            (first, problem, unread) = ([], StorageFault.Sentence(error), true);
        }
    }

    private async ValueTask<ItemsProviderResult<ObjectLine>> ProvideAsync(ItemsProviderRequest request)
    {
        var mine = listing;
        ItemsProviderResult<ObjectLine> provision;
        try
        {
            var lines = await mine.WindowAsync(request.StartIndex, request.Count, request.CancellationToken);
            provision = new(lines, mine.Total);
        }
        catch (Exception error) when (StorageFault.Is(error) && !request.CancellationToken.IsCancellationRequested)
        {
            // Not as long as scrolling on would need it: a list of which nothing could be read would be blank lines for ever.
            (problem, provision) = (StorageFault.Sentence(error), new([], mine.Known));
        }

        provided = true;
        StateHasChanged();
        return provision;
    }

    private async Task RefreshAsync()
    {
        listing.Forget();
        await ReadFirstAsync();
        await (rows?.RefreshDataAsync() ?? Task.CompletedTask);
        StateHasChanged();
        if (!unread)
        {
            await OnChanged.InvokeAsync();
        }
    }

    /// <summary>How far the changes of objects are; where one has ended, what is left in the folder too.</summary>
    private async Task SeeAsync()
    {
        var before = operations;
        operations = await ObjectOperationView.OfAsync(dbs, await current.GetAsync(), Bucket.Id, clock.GetUtcNow(), left.Token);
        StateHasChanged();
        if (operations.Any(now => now.IsOver && before.All(known => known.Id != now.Id || !known.IsOver)))
        {
            await RefreshAsync();
        }
    }

    /// <summary>What is happening to a line that is about to go; null if nothing is.</summary>
    private string? Leaving(string key) =>
        operations.FirstOrDefault(one => one.What?.Covers(key) is true)?.Kind switch
        {
            null => null,
            ObjectOperationKind.Delete => "Deleting…",
            _ => "Moving…",
        };

    private string? ClassOf(ObjectLine line) =>
        Leaving(line.Key) is not null ? "muted"
        : Selection.Has(line.Key) ? "selected"
        : null;

    private async Task CancelAsync(ObjectOperationView operation)
    {
        problem = (await change.CancelAsync(await current.GetAsync(), operation.Id, CancellationToken.None)).Reason;
        await SeeAsync();
    }

    private async Task DismissAsync(ObjectOperationView operation)
    {
        // Somebody else may have dismissed it a moment before.
        var dismissed = await change.DismissAsync(await current.GetAsync(), operation.Id, CancellationToken.None);
        problem = dismissed.Refusal is { Kind: not RefusalKind.NotFound } refusal ? refusal.Sentence : null;
        await SeeAsync();
    }

    private void SearchFor(string? text) => navigation.NavigateTo(BucketUrl.Folder(Bucket.Name, Prefix, text, Deleted), replace: true);

    private ObjectSelection Selected =>
        Selection.All ? ObjectSelection.All(Prefix + Search, Selection.Marked) : ObjectSelection.Of(Selection.Marked);

    private string What =>
        Selection.All ? "everything"
        : Selection.Marked is [var one] ? $"“{ObjectKey.NameOf(one)}”"
        : Format.Count(Selection.Marked.Count, "object");

    private async Task DeleteAsync()
    {
        var many = Selection.All || Selection.Marked.Count > 1 || Selection.Marked[0].EndsWith('/');
        var text =
            (
                Selection.All
                    ? $"All in {Bucket.Name}/{Prefix}{Search}{(Selection.Marked.Count > 0 ? " except what you unticked" : "")}, with its folders. "
                : Selection.Marked.Any(key => key.EndsWith('/')) ? "Folders go with everything in them. "
                : ""
            ) + (IsVersioned ? "Versioning is on: older versions stay, and what is deleted can be restored." : "This cannot be undone.");
        var word =
            !many ? null
            : Selection.All ? "delete all"
            : Selection.Marked is [var folder] ? ObjectKey.NameOf(folder)
            : $"delete {Selection.Marked.Count}";
        if (await ConfirmDialog.ShowAsync(dialogs, new Confirmation($"Delete {What}?", text, "Delete", word)))
        {
            var begun = await changes.DeleteAsync(await current.GetAsync(), Bucket, Selected, $"Deleting {What}");
            problem = begun.Reason;
            if (begun.IsDone)
            {
                Selection.SetAll(false);
                await SeeAsync();
            }
        }
    }

    private async Task MoveAsync()
    {
        static string Folder(string typed) => typed.Length == 0 || typed.EndsWith('/') ? typed : typed + "/";
        var question = new NameQuestion($"Move {What}", "To the folder", Prefix, "Move")
        {
            Hint = "From the top of the bucket, e.g. photos/2026/. Empty is the top. It need not exist.",
            MayBeEmpty = true,
            Check = typed =>
                Folder(typed) == Prefix ? "It is there already."
                : typed.Length == 0 ? null
                : ObjectKey.Check(Folder(typed)).Reason,
        };
        if (await AskName.ShowAsync(dialogs, question) is { } target)
        {
            await MoveToAsync(Folder(target));
        }
    }

    private async Task MoveToAsync(string folder)
    {
        try
        {
            // Everything moves into a folder of this one, except that folder.
            var what =
                Selection.All && folder.StartsWith(Prefix + Search, StringComparison.Ordinal)
                    ? ObjectSelection.All(Prefix + Search, [.. Selection.Marked, folder])
                    : Selected;
            var begun = await changes.MoveAsync(
                await current.GetAsync(),
                Bucket,
                what,
                Prefix,
                folder,
                $"Moving {What} to {Bucket.Name}/{folder}"
            );
            problem = begun.Reason;
            if (begun.IsDone)
            {
                Selection.SetAll(false);
                await SeeAsync();
            }
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            problem = StorageFault.Sentence(error);
        }
    }

    private async Task MakeFolderAsync()
    {
        var name = await AskName.ShowAsync(
            dialogs,
            new NameQuestion("New folder", "Name", "", "Create")
            {
                Check = name => name.Trim('/').Length == 0 ? "Give it a name." : ObjectKey.Check($"{Prefix}{name}/").Reason,
            }
        );
        if (name is null)
        {
            return;
        }

        try
        {
            await current.GetAsync(); // somebody still
            var outcome = await ObjectChanges.MakeFolderAsync(Bucket, $"{Prefix}{name.TrimEnd('/')}/", left.Token);
            problem = outcome.Reason;
            await RefreshAsync();
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            problem = StorageFault.Sentence(error);
        }
    }
}
