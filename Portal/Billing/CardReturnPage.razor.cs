using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Billing;

/// <summary>Where Stripe's page sends the customer back to: shows what becomes of the card as it happens, then leads on.</summary>
public sealed partial class CardReturnPage
{
    /// <summary>From then on it takes longer than it should, and the page says so.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);

    /// <summary>Long enough to read that it worked.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1.2);

    private readonly PageLifetime gone = new();
    private CardSetup? setup;
    private IDisposable? subscription;
    private bool leaving,
        isLate;

    [Parameter]
    public Guid SetupId { get; set; }

    [SupplyParameterFromQuery(Name = "cancelled")]
    public string? Cancelled { get; set; }

    [Inject]
    private IDbContextFactory<PortalDb> Dbs { get; set; } = null!;

    [Inject]
    private CurrentActor Current { get; set; } = null!;

    [Inject]
    private AddCard Add { get; set; } = null!;

    [Inject]
    private CardJobs Jobs { get; set; } = null!;

    [Inject]
    private Changes Changes { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private string Target => LocalUrl.Or(setup?.ReturnTo, "/billing/card");

    private string Title =>
        setup?.State switch
        {
            CardSetupState.Succeeded => "Card added",
            CardSetupState.Refused => "The card was refused",
            CardSetupState.Abandoned => "No card was added",
            _ => "Checking your card",
        };

    public void Dispose()
    {
        subscription?.Dispose();
        gone.Dispose();
    }

    protected override async Task OnInitializedAsync()
    {
        var actor = await Current.GetAsync();
        await LoadAsync();
        if (setup is null)
        {
            Navigation.NotFound();
            return;
        }

        if (RendererInfo.IsInteractive && !setup.IsSettled)
        {
            var id = SetupId.ToString();
            subscription = Changes.Subscribe(
                change =>
                    ReferenceEquals(change, Changes.Missed)
                    || (change.Table is "CardSetups" && string.Equals(change.Id, id, StringComparison.Ordinal)),
                _ => InvokeAsync(ShowAsync)
            );
            if (FromAddress.IsTrue(Cancelled))
            {
                await Add.CancelAsync(actor, SetupId, gone.Token);
            }
            else
            {
                Jobs.Apply(SetupId);
            }

            // What happened between the first look and the subscription.
            await ShowAsync();
            _ = WaitAsync();
        }
    }

    private async Task WaitAsync()
    {
        await Task.Delay(Usual, Clock, gone.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (!gone.Token.IsCancellationRequested)
        {
            isLate = true;
            StateHasChanged();
        }
    }

    private async Task ShowAsync()
    {
        if (gone.Token.IsCancellationRequested)
        {
            return;
        }

        await LoadAsync();
        StateHasChanged();
        if (setup is { State: CardSetupState.Succeeded } && !leaving)
        {
            leaving = true;
            await Task.Delay(Pause, Clock, gone.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (!gone.Token.IsCancellationRequested)
            {
                Navigation.NavigateTo(Target);
            }
        }
    }

    private async Task LoadAsync()
    {
        var account = (await Current.GetAsync()).AccountId;
        await using var db = await Dbs.CreateDbContextAsync(gone.Token);
        setup = await db
            .CardSetups.AsNoTracking()
            .SingleOrDefaultAsync(mine => mine.Id == SetupId && mine.AccountId == account, gone.Token);
    }
}
