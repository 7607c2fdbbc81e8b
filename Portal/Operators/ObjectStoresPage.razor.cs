using Portal.Accounts;
using Portal.Shared;

namespace Portal.Operators;

public sealed partial class ObjectStoresPage(CurrentActor current, EnterObjectStore stores, LiveUpdates live) : IDisposable
{
    private readonly PageLifetime left = new();
    private IReadOnlyList<StoreOfRegion>? regions;
    private IDisposable? listening;

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
        {
            listening = live.Subscribe(
                seen => seen.Table is "ObjectStores" or "ObjectStoreChanges",
                () =>
                    InvokeAsync(async () =>
                    {
                        await LoadAsync();
                        StateHasChanged();
                    })
            );
        }
    }

    private async Task LoadAsync()
    {
        await current.GetOperatorAsync();
        regions = await stores.ListAsync(left.Token);
    }
}
