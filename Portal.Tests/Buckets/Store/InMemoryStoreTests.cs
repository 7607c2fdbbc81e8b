using Portal.Model.Buckets;

namespace Portal.Tests.Buckets;

public sealed class InMemoryStoreTests : ObjectStoreContract
{
    private readonly InMemoryStore store = new();

    protected override IObjectStore Store => store;

    protected override Task<bool> PutAsync(StoreKey key, string bucket, string name, int bytes) =>
        Task.FromResult(store.Put(key, bucket, name, bytes));

    protected override Task<bool> CanReadAsync(StoreKey key, string bucket, string name) => Task.FromResult(store.Read(key, bucket, name));

    protected override Task DenyAsync(StoreKey key, string bucket, string action, string prefix)
    {
        store.Deny(bucket);
        return Task.CompletedTask;
    }

    protected override async Task UntilAsync(Func<Task<bool>> condition) => Assert.True(await condition());
}
