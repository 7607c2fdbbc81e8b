using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
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
    private InstanceWish wish = new();
    private Catalogue? catalogue;
    private IDisposable? listening;
    private string? nameProblem,
        keyProblem,
        userDataProblem,
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

    private PrivateImage? Own => catalogue?.Own.FirstOrDefault(one => one.Id == wish.OwnImageId);

    /// <summary>What the disk begins as, if not as an image of the catalogue.</summary>
    private Snapshot? Begin => Own?.Snapshot ?? Source;

    private Snapshot? Source => catalogue?.Snapshots.FirstOrDefault(one => one.Id == wish.SnapshotId);

    /// <summary>What the catalogue offers, or no longer offers and the account has kept.</summary>
    private Image? Image => Own?.Base ?? Source?.Image ?? catalogue?.Images.FirstOrDefault(image => image.Id == wish.ImageId);

    private OfferedSize? Size => catalogue?.Sizes.FirstOrDefault(offer => offer.Size.Id == wish.SizeId);

    private OfferedSubnet? Subnet =>
        catalogue?.Subnets.FirstOrDefault(subnet => subnet.Id == wish.SubnetId) ?? (catalogue?.Subnets is [var first, ..] ? first : null);

    /// <summary>Those that were ticked, or the default group of the subnet's network.</summary>
    private HashSet<string> Groups =>
        wish.GroupIds
        ?? (Subnet is { } home ? [.. catalogue!.Groups[home.NetworkId].Where(group => group.IsDefault).Select(group => group.Id)] : []);

    private string? VolumeProblem => wish.Volumes.Select(row => row.WhyNot(catalogue!.VolumeSnapshots)).OfType<string>().FirstOrDefault();

    private string? WhyNot =>
        this switch
        {
            { saving: true } => "It is being created.",
            { catalogue.Confirmed: false } => "Confirm your e-mail address first.",
            { catalogue.WhyNoBilling: { } reason } => reason,
            { Image: null } => "No image is ready yet.",
            { Own.WhyNot: { } reason } => reason,
            { Begin: null, Image.WhyNot: { } reason } => reason,
            { Size: null } => "Choose a size.",
            { Subnet: null } => "You have no network to put it into: create one first.",
            { Groups.Count: 0 } => "Choose a security group: without one nothing gets in or out.",
            _ => CreateInstance.WhyNotWithinQuota(catalogue!.Account, catalogue.Used, Size!.Size, wish.Count)
                ?? VolumeProblem
                ?? catalogue.WhyNot(Size!.Size, Image, wish.Count, Begin, wish.Volumes.Sum(row => row.GiB ?? 0))
                ?? nameProblem
                ?? userDataProblem
                ?? (wish.Key is KeyChoice.Pasted ? keyProblem : null),
        };

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
        wish.Name = SuggestedName ??= InstanceName.Suggest();
        (wish.SnapshotId, wish.OwnImageId) = (FromSnapshot, FromImage);
        await LoadAsync();
        if (catalogue!.Keys.Count > 0)
        {
            (wish.Key, wish.KeyPairId) = (KeyChoice.Kept, catalogue.Keys[0].Id);
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
        if (!canMake && wish.Key is KeyChoice.Made)
        {
            var isUntouched = Draft(isSent: false) == kept;
            SetKey(KeyChoice.Pasted);
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
        wish.ImageId = Source?.ImageId ?? wish.ImageId;
        if (Begin is null && (Image is null || Image.WhyNot is not null))
        {
            wish.ImageId = catalogue.DefaultImage?.Id ?? "";
        }

        ChooseSize();
    }

    /// <summary>Keeps the size if the image still fits on it, else takes the smallest that can be had.</summary>
    private void ChooseSize()
    {
        if (
            Size is null
            || (
                Image is { } image
                && (Begin is null ? image.WhyNotOn(Size.Size) : image.WhyNotFit(Size.Size) ?? Begin.WhyNotRestoreTo(Size.Size.DiskGiB))
                    is not null
            )
        )
        {
            wish.SizeId =
                catalogue!.Sizes.FirstOrDefault(offer => catalogue.WhyNot(offer.Size, Image, 1, Begin) is null)?.Size.Id
                ?? catalogue.Sizes[0].Size.Id;
        }
    }

    /// <summary>Something was chosen or typed: what was refused before may be right now.</summary>
    private void Touch() => (isTouched, refusal) = (true, null);

    private void SetName(string? name) => (wish.Name, nameProblem) = (name ?? "", ResourceName.Check(name).Reason);

    private void SetCount(string? count) =>
        wish.Count = int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 1;

    private void SetImage(string id)
    {
        (wish.ImageId, wish.OwnImageId, wish.SnapshotId) = (id, null, null);
        ChooseSize();
    }

    private void SetSnapshot(Snapshot snapshot)
    {
        (wish.ImageId, wish.OwnImageId, wish.SnapshotId) = (snapshot.ImageId!, null, snapshot.Id);
        ChooseSize();
    }

    private void SetOwn(PrivateImage own)
    {
        (wish.OwnImageId, wish.SnapshotId) = (own.Id, null);
        ChooseSize();
    }

    private void SetSubnet(string? id)
    {
        var before = Subnet?.NetworkId;
        wish.SubnetId = id;
        wish.GroupIds = Subnet?.NetworkId == before ? wish.GroupIds : null;
    }

    private void Tick(string groupId, bool on)
    {
        var chosen = new HashSet<string>(Groups, StringComparer.Ordinal);
        _ = on ? chosen.Add(groupId) : chosen.Remove(groupId);
        wish.GroupIds = chosen;
    }

    private void SetSize(string id) => wish.SizeId = id;

    private void SetKey(KeyChoice choice) => (wish.Key, keyProblem) = (choice, wish.PublicKey.Length == 0 ? null : keyProblem);

    private void SetPasted(string? line) => (wish.PublicKey, keyProblem) = (line ?? "", SshPublicKey.Parse(line).Reason);

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
        if (wish.Key is KeyChoice.Made)
        {
            await keys.SaveAsync(SshKeyMaker.FileName(wish.Name));
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

    private async Task<NewInstances> RequestAsync() =>
        new()
        {
            Name = wish.Name,
            ImageId = Own?.Id ?? wish.ImageId,
            SnapshotId = Own is null ? Source?.Id : null,
            SizeId = wish.SizeId,
            KeyPairId = wish.Key is KeyChoice.Kept ? wish.KeyPairId : null,
            PublicKey = wish.Key switch
            {
                KeyChoice.Made => await keys.MakeAsync(wish.Name.Trim()),
                KeyChoice.Pasted => wish.PublicKey,
                _ => null,
            },
            UserData = wish.UserData,
            SubnetId = Subnet?.Id,
            SecurityGroupIds = [.. Groups],
            WithAddress = wish.WithAddress,
            Volumes = [.. wish.Volumes.Select(row => row.ToVolume())],
            Count = wish.Count,
            RequestToken = Token!,
            Tags = TagRow.ToTags(wish.Tags),
        };
}
