using Microsoft.AspNetCore.Components;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Buckets;
using Portal.Shared;

namespace Portal.Buckets;

public sealed partial class ObjectDetails(CurrentActor current, ObjectChanges changes, IDialogService dialogs, NavigationManager navigation)
    : IDisposable
{
    private readonly PageLifetime left = new();
    private ObjectView? view;
    private IReadOnlyList<ObjectVersion> versions = [];
    private string? shown,
        problem;
    private bool loaded,
        unread;

    [Parameter, EditorRequired]
    public OpenBucket Bucket { get; set; } = null!;

    [Parameter, EditorRequired]
    public string Key { get; set; } = "";

    [Parameter]
    public bool IsVersioned { get; set; }

    /// <summary>Something of the object changed, through this page.</summary>
    [Parameter]
    public EventCallback OnChanged { get; set; }

    public void Dispose()
    {
        left.Dispose();
    }

    private string Readers =>
        view!.IsPublic switch
        {
            true => "everybody, at its public address",
            false => "you, and whoever you give a link",
            null => "you, and whom the bucket's policy and the ACLs let in",
        };

    protected override async Task OnParametersSetAsync()
    {
        if (shown != Key)
        {
            (shown, loaded, view) = (Key, false, null);
            await LoadAsync();
        }
    }

    private async Task LoadAsync()
    {
        try
        {
            view = await ObjectView.LoadAsync(Bucket, Key, left.Token);
            versions = view?.Versions ?? await ObjectVersions.ListAsync(Bucket, Key, left.Token);
            (problem, unread) = (null, false);
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            // What is shown already stays.
            (problem, unread) = (StorageFault.Sentence(error), view is null);
        }

        loaded = true;
    }

    private async Task ReloadAsync()
    {
        await LoadAsync();
        await OnChanged.InvokeAsync();
    }

    private async Task ShareAsync() =>
        await dialogs.ShowAsync<ShareDialog>(
            "Share a link",
            new DialogParameters<ShareDialog> { { dialog => dialog.Bucket, Bucket }, { dialog => dialog.Key, Key } }
        );

    private async Task RenameAsync()
    {
        var answer = await AskName.ShowAsync(
            dialogs,
            new NameQuestion($"Rename {ObjectKey.NameOf(Key)}", "Name, with its folders", Key, "Rename")
            {
                Check = name => name == Key ? "That is its name already." : ObjectKey.Check(name).Reason,
            }
        );
        if (answer is null)
        {
            return;
        }

        try
        {
            var begun = await changes.MoveAsync(
                await current.GetAsync(),
                Bucket,
                ObjectSelection.Of(Key),
                Key,
                answer,
                $"Renaming “{ObjectKey.NameOf(Key)}”"
            );
            problem = begun.Reason;
            if (begun.IsDone)
            {
                navigation.NavigateTo(BucketUrl.Folder(Bucket.Name, ObjectKey.FolderOf(answer)));
            }
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            problem = StorageFault.Sentence(error);
        }
    }

    private async Task DeleteAsync()
    {
        var text = IsVersioned ? "Versioning is on: its versions stay, and it can be restored." : "This cannot be undone.";
        if (await ConfirmDialog.ShowAsync(dialogs, new Confirmation($"Delete {ObjectKey.NameOf(Key)}?", text, "Delete", null)))
        {
            var begun = await changes.DeleteAsync(
                await current.GetAsync(),
                Bucket,
                ObjectSelection.Of(Key),
                $"Deleting “{ObjectKey.NameOf(Key)}”"
            );
            problem = begun.Reason;
            if (begun.IsDone)
            {
                navigation.NavigateTo(BucketUrl.Folder(Bucket.Name, ObjectKey.FolderOf(Key)));
            }
        }
    }
}
