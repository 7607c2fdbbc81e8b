using Portal.Model.Shared;

namespace Portal.Operators;

public sealed partial class ObjectStoresPage(EnterObjectStore stores)
{
    private IReadOnlyList<StoreOfRegion>? regions;

    protected override bool Concerns(Change seen) => seen.Table is "ObjectStores" or "ObjectStoreChanges";

    protected override async Task LoadAsync()
    {
        await Current.GetOperatorAsync();
        regions = await stores.ListAsync(Left);
    }
}
