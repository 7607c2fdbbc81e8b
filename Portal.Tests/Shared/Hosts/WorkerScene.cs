using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Shared;
using Portal.Tests.Compute;

namespace Portal.Tests.Shared;

/// <summary>
/// A worker on the engine in memory whose jobs run when the test says so, and a clock that the test puts forward. Derive, and add whose
/// things it works for.
/// </summary>
public abstract class WorkerScene(TestPostgres postgres, DateTimeOffset begins) : TestDatabase(postgres)
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected FakeTimeProvider Clock { get; } = new(begins);

    protected InMemoryEngine Engine { get; } = new();

    protected ServiceProvider Worker { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Worker = NewWorker();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Worker.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>One that has all jobs, unless a scene wants fewer.</summary>
    protected virtual ServiceProvider NewWorker() => WorkerServices.Of(this, Source, Engine, Clock);

    protected T Get<T>()
        where T : notnull => Worker.GetRequiredService<T>();

    protected Task AdvanceAsync(string id) => Worker.GetRequiredKeyedService<IResourceJob>(ResourceIds.Prefix(id)).AdvanceAsync(id, Ct);

    protected async Task<T> ReadAsync<T>(Func<PortalDb, Task<T>> read)
    {
        await using var db = CreateDbContext();
        return await read(db);
    }
}
