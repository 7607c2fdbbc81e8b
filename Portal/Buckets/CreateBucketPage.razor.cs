using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Buckets;

public sealed partial class CreateBucketPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    PriceList prices,
    CreateBucket create,
    LiveUpdates live,
    TimeProvider clock,
    NavigationManager navigation
) : IDisposable
{
    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private BucketOffer? offer;
    private IDisposable? listening;
    private string name = "";
    private string? nameProblem = BucketName.Check("").Reason,
        refusal;
    private bool saving,
        typed;

    /// <summary>
    /// One per opened form, kept from the first rendering to the circuit: a retried or doubled request is recognized by it.
    /// </summary>
    [PersistentState]
    public string? Token { get; set; }

    private string? WhyNot =>
        this switch
        {
            { saving: true } => "It is being created.",
            { offer.Confirmed: false } => "Confirm your e-mail address first.",
            { offer.WhyNoBilling: { } reason } => reason,
            { offer.WhyNoStore: { } reason } => reason,
            _ => nameProblem,
        };

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override Task OnInitializedAsync()
    {
        Token ??= Guid.NewGuid().ToString("N");
        return LoadAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            var account = (await current.GetAsync()).AccountId;
            listening = live.Subscribe(
                change => change.Table is "ObjectStores" || (change.AccountId == account && change.Table is "Cards" or "Users"),
                () =>
                    InvokeAsync(async () =>
                    {
                        await LoadAsync();
                        StateHasChanged();
                    })
            );
        }
    }

    private static string Free(decimal units, string of) =>
        units == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", the first {units:N0} {of} free");

    private string Mark(bool holds) =>
        (name.Length, holds) switch
        {
            (0, _) => "open",
            (_, true) => "holds",
            _ => "broken",
        };

    /// <summary>The same for who does not see it.</summary>
    private string Spoken(bool holds) =>
        (name.Length, holds) switch
        {
            (0, _) => "",
            (_, true) => "fulfilled: ",
            _ => "not fulfilled: ",
        };

    private async Task LoadAsync()
    {
        var turn = loads.Begin();
        var loaded = await BucketOffer.LoadAsync(dbs, prices, await current.GetAsync(), clock.GetUtcNow(), left.Token);
        offer = loads.IsCurrent(turn) ? loaded : offer;
    }

    private void SetName(string? text) => (name, nameProblem, typed, refusal) = (text ?? "", BucketName.Check(text).Reason, true, null);

    private Task KeyAsync(KeyboardEventArgs args) => args.Key == "Enter" && WhyNot is null ? CreateAsync() : Task.CompletedTask;

    private async Task CreateAsync()
    {
        if (saving)
        {
            return;
        }

        (saving, refusal) = (true, null);
        try
        {
            var outcome = await create.RunAsync(await current.GetAsync(), new NewBucket(name, Token!), CancellationToken.None);
            if (outcome.Value is not { } made)
            {
                refusal = outcome.Reason;
                return;
            }

            navigation.NavigateTo($"/buckets/{made.Name}");
        }
        finally
        {
            saving = false;
        }
    }
}
