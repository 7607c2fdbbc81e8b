using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>Tests of the web with a customer who has buckets in a real Ceph. Derive, and use <see cref="Scene"/>.</summary>
public abstract class BucketTests(TestPostgres postgres, TestCeph ceph) : ServedTests(postgres)
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected TestCeph Ceph => ceph;

    protected BucketScene Scene { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Scene = await BucketScene.AddAsync(Server, ceph, this);
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Scene.DisposeAsync();
        await base.DisposeAsync();
    }
}
