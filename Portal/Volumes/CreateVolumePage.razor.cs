using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Volumes;

public sealed partial class CreateVolumePage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    CreateVolume create,
    LiveUpdates live,
    TimeProvider clock,
    NavigationManager navigation
) : IDisposable
{
    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private readonly List<TagRow> tags = [];
    private VolumeOffers? offers;
    private IDisposable? listening;
    private string name = "";
    private string size = "8";
    private string typeId = VolumeType.Standard;
    private string? instanceId,
        snapshotId,
        nameProblem,
        sizeProblem,
        refusal;
    private bool goes;
    private bool saving;

    /// <summary>
    /// One per opened form, kept from the first rendering to the circuit: a retried or doubled request is recognized by it.
    /// </summary>
    [PersistentState]
    public string? Token { get; set; }

    [PersistentState]
    public string? SuggestedName { get; set; }

    /// <summary>The instance that it is to be for, when one comes from its page.</summary>
    [SupplyParameterFromQuery(Name = "instance")]
    public string? ForInstance { get; set; }

    /// <summary>The snapshot that it is to be made from, when one comes from its page.</summary>
    [SupplyParameterFromQuery(Name = "snapshot")]
    public string? FromSnapshot { get; set; }

    private Snapshot? Source => offers?.Snapshots.FirstOrDefault(one => one.Id == snapshotId);

    private Instance? Instance => offers?.Instances.FirstOrDefault(one => one.Id == instanceId);

    private OfferedType Type => offers!.Types.First(offer => offer.Type.Id == typeId);

    private int? Size => Volume.ParseSize(size) is { IsDone: true, Value: var gib } ? gib : null;

    private string Summary =>
        Size is { } gib
            ? $"{gib:N0} GiB, {typeId}, {(Source is null ? "empty" : $"from {Source.Name}")}{(Instance is null ? "" : $", for {Instance.Name}")}"
            : $"Choose a size{(Instance is null ? "" : $", for {Instance.Name}")}";

    private string? WhyNot =>
        this switch
        {
            { saving: true } => "It is being created.",
            { offers.Confirmed: false } => CreateRule.Unconfirmed,
            { offers.WhyNoBilling: { } reason } => reason,
            _ => nameProblem
                ?? sizeProblem
                ?? Source?.WhyNotRestoreTo(Size ?? 0)
                ?? (Instance is null ? null : Volume.WhyNotOn(Instance))
                ?? offers!.WhyNot(Instance?.RegionId ?? Source?.RegionId ?? offers.HomeRegion, Size ?? 0),
        };

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override async Task OnInitializedAsync()
    {
        Token ??= Guid.NewGuid().ToString("N");
        name = SuggestedName ??= InstanceName.Suggest();
        instanceId = ForInstance;
        await LoadAsync();
        Choose(FromSnapshot);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            var account = (await current.GetAsync()).AccountId;
            listening = live.Subscribe(
                change =>
                    change.Table is "Regions"
                    || (change.AccountId == account && change.Table is "Cards" or "Users" or "Instances" or "Snapshots"),
                () => InvokeAsync(RefreshAsync)
            );
        }
    }

    private async Task RefreshAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    private async Task LoadAsync()
    {
        var turn = loads.Begin();
        var loaded = await VolumeOffers.LoadAsync(dbs, prices, await current.GetAsync(), clock.GetUtcNow(), left.Token);
        offers = loads.IsCurrent(turn) ? loaded : offers;
    }

    /// <summary>As large as what it is made from, if that is larger.</summary>
    private void Choose(string? id)
    {
        snapshotId = id;
        if (Source is { } source && (Size ?? 0) < source.SizeGiB)
        {
            SetSize(source.SizeGiB.ToString(CultureInfo.InvariantCulture));
        }
    }

    private void SetName(string? text) => (name, nameProblem) = (text ?? "", ResourceName.Check(text).Reason);

    private void SetSize(string? text) => (size, sizeProblem) = (text ?? "", Volume.ParseSize(text).Reason);

    private async Task CreateAsync()
    {
        if (saving)
        {
            return;
        }

        (saving, refusal) = (true, null);
        try
        {
            var outcome = await create.RunAsync(await current.GetAsync(), Request(), CancellationToken.None);
            if (outcome.Value is not { } made)
            {
                refusal = outcome.Reason;
                return;
            }

            navigation.NavigateTo($"/volumes/{made.Id}");
        }
        finally
        {
            saving = false;
        }
    }

    private NewVolume Request() =>
        new()
        {
            Name = name,
            SizeGiB = Size!.Value,
            TypeId = typeId,
            SnapshotId = Source?.Id,
            InstanceId = Instance?.Id,
            DeleteOnTermination = Instance is not null && goes,
            RequestToken = Token!,
            Tags = TagRow.ToTags(tags),
        };
}
