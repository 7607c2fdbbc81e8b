using Microsoft.AspNetCore.Components;
using Portal.Accounts;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Operators;

/// <summary>
/// A page of the operators that follows what it shows. It says what it loads, which asks each time who is looking, and which changes
/// concern it.
/// </summary>
public abstract class OperatorPage : PortalComponent, IDisposable
{
    private readonly PageLifetime left = new();
    private IDisposable? listening;

    [Inject]
    protected CurrentActor Current { get; set; } = null!;

    [Inject]
    private LiveUpdates Live { get; set; } = null!;

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Left => left.Token;

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
        GC.SuppressFinalize(this);
    }

    protected abstract Task LoadAsync();

    protected abstract bool Concerns(Change seen);

    protected override Task OnParametersSetAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
        {
            listening = Live.Subscribe(Concerns, () => InvokeAsync(RefreshAsync));
        }
    }

    private async Task RefreshAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }
}
