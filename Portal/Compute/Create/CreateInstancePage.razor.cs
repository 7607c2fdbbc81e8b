using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

public sealed partial class CreateInstancePage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    CreateInstance create,
    SshKeyMaker keys,
    Drafts drafts,
    LiveUpdates live,
    TimeProvider clock,
    MudBlazor.IDialogService dialogs,
    NavigationManager navigation
) : IAsyncDisposable
{
    private const string UserDataExample = "#cloud-config\npackages: [htop]";
    private const string UserDataHint =
        "A multi-part MIME message, #cloud-config-archive, #include, #cloud-boothook and ## template: jinja work too, and so does a gzip file: choose it, or paste it as base64.";

    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private InstanceForm form = new();
    private Catalogue? catalogue;
    private IDisposable? listening;
    private string? userDataProblem,
        refusal,
        news;
    private string? draftName,
        kept;
    private CreatedBefore? created;
    private bool canMake = true;
    private bool saving,
        isDone,
        isTouched;

    /// <summary>
    /// One per opened form, kept from the first rendering to the circuit: a retried or doubled request is recognized by it.
    /// </summary>
    [PersistentState]
    public string? Token { get; set; }

    [PersistentState]
    public string? SuggestedName { get; set; }

    /// <summary>The snapshot that it is to begin as, when one comes from its page.</summary>
    [SupplyParameterFromQuery(Name = "snapshot")]
    public string? FromSnapshot { get; set; }

    /// <summary>The image of one's own, when one comes from its page.</summary>
    [SupplyParameterFromQuery(Name = "image")]
    public string? FromImage { get; set; }

    /// <summary>Once there is a catalogue.</summary>
    private InstanceChoice Choice => new(form, catalogue!);

    private string Verb =>
        saving ? "Creating…"
        : form.Count == 1 ? "Create instance"
        : $"Create {form.Count} instances";

    private string? NamesHint =>
        form.Count > 1
            ? $"{ResourceName.Of(form.Name.Trim(), 0, form.Count)} … {ResourceName.Of(form.Name.Trim(), form.Count - 1, form.Count)}"
            : null;

    private string VolumesSummary =>
        form.Volumes.Count == 0
            ? "none besides its root disk"
            : string.Join(", ", form.Volumes.Select(row => row.GiB is { } gib ? $"{gib:N0} GiB" : "no size yet"));

    private string? WhyNot =>
        saving ? "It is being created." : Choice.WhyNot ?? userDataProblem ?? (form.Key is KeyChoice.Pasted ? form.KeyProblem : null);

    /// <summary>Who leaves the page by choice begins anew the next time; who reloads it is gone before the draft can be dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        listening?.Dispose();
        left.Dispose();
        if (draftName is not null)
        {
            await drafts.DropAsync(draftName);
        }
    }

    protected override async Task OnInitializedAsync()
    {
        Token ??= Guid.NewGuid().ToString("N");
        form.Name = SuggestedName ??= InstanceName.Suggest();
        (form.SnapshotId, form.OwnImageId) = (FromSnapshot, FromImage);
        await LoadAsync();
        if (catalogue!.Keys.Count > 0)
        {
            (form.Key, form.KeyPairId) = (KeyChoice.Kept, catalogue.Keys[0].Id);
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            await KeepAsync(isSent: false);
            return;
        }

        // Before anything is awaited: what is typed meanwhile is to be kept.
        kept = Draft(isSent: false);
        var account = (await current.GetAsync()).AccountId;
        listening = live.Subscribe(
            change =>
                change.Table is "Images" or "Regions"
                || (
                    change.AccountId == account
                    && change.Table
                        is "Cards"
                            or "KeyPairs"
                            or "Users"
                            or "Networks"
                            or "Subnets"
                            or "SecurityGroups"
                            or "Snapshots"
                            or "PrivateImages"
                            or "Instances"
                ),
            () => InvokeAsync(RefreshAsync)
        );
        canMake = await keys.CanMakeAsync();
        await RestoreAsync();
        if (!canMake && form.Key is KeyChoice.Made)
        {
            var isUntouched = Draft(isSent: false) == kept;
            form.Choose(KeyChoice.Pasted);
            kept = isUntouched ? Draft(isSent: false) : kept;
        }

        draftName = DraftNameOf(account);
        StateHasChanged();
    }

    private async Task RefreshAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    private async Task LoadAsync()
    {
        var turn = loads.Begin();
        var loaded = await Catalogue.LoadAsync(dbs, prices, await current.GetAsync(), clock.GetUtcNow(), left.Token);
        if (!loads.IsCurrent(turn))
        {
            return;
        }

        catalogue = loaded;
        Choice.Settle();
    }

    /// <summary>Something was chosen or typed: what was refused before may be right now.</summary>
    private void Touch() => (isTouched, refusal) = (true, null);

    private void SetCount(string? count) =>
        form.Count = int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 1;

    private async Task CreateAsync()
    {
        if (saving)
        {
            return;
        }

        (saving, refusal, news) = (true, null, null);
        try
        {
            var request = await RequestAsync();
            refusal = await UserDataLook.WhyNotAsync(request.UserData, () => CreateInstance.Check(request).Reason, left.Token);
            if (refusal is null)
            {
                await SendAsync(request);
            }
        }
        catch (OperationCanceledException) when (!left.Token.IsCancellationRequested)
        {
            // The browser was asked for something, and the line broke before it answered.
            refusal = "That did not go through: your browser did not answer. Press the button again.";
        }
        finally
        {
            saving = false;
        }
    }

    /// <summary>
    /// From here on this process, its answer or the line may be lost: the key is on its owner's disk and the tab knows the request's token
    /// before anything is made.
    /// </summary>
    private async Task SendAsync(NewInstances request)
    {
        if (form.Key is KeyChoice.Made)
        {
            await keys.SaveAsync(SshKeyMaker.FileName(form.Name));
        }

        await KeepAsync(isSent: true);
        var outcome = await ProofDialog.RunAsync(
            dialogs,
            async () => await create.RunAsync(await current.GetAsync(), request, CancellationToken.None)
        );
        if (outcome.Value is not { } made)
        {
            refusal = outcome.Reason;
            return;
        }

        isDone = true;
        await drafts.DropAsync(draftName!);
        await keys.ForgetAsync();
        navigation.NavigateTo(made.Count == 1 ? $"/instances/{made[0].Id}" : "/instances");
    }

    private async Task<NewInstances> RequestAsync()
    {
        var choice = Choice;
        return new NewInstances
        {
            Name = form.Name,
            ImageId = choice.Own?.Id ?? form.ImageId,
            SnapshotId = choice.Own is null ? choice.Source?.Id : null,
            SizeId = form.SizeId,
            KeyPairId = form.Key is KeyChoice.Kept ? form.KeyPairId : null,
            PublicKey = form.Key switch
            {
                KeyChoice.Made => await keys.MakeAsync(form.Name.Trim()),
                KeyChoice.Pasted => form.PublicKey,
                _ => null,
            },
            UserData = form.UserData,
            SubnetId = choice.Subnet?.Id,
            SecurityGroupIds = [.. choice.Groups],
            WithAddress = form.WithAddress,
            Volumes = [.. form.Volumes.Select(row => row.ToVolume())],
            Count = form.Count,
            RequestToken = Token!,
            Tags = TagRow.ToTags(form.Tags),
        };
    }
}
