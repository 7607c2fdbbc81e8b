using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Volumes;

/// <summary>A customer in Chromium; the jobs of the worker are run by the test, on the engine in memory.</summary>
public abstract class VolumePageScene(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    protected static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    protected ABrowser Browser { get; } = browser;

    protected InMemoryEngine Engine { get; } = new();

    protected ServiceProvider Worker { get; private set; } = null!;

    protected PortalServer Server { get; private set; } = null!;

    protected Person Ada { get; private set; } = null!;

    protected Actor Actor => new(Ada.AccountId, Ada.UserId, Ada.Email, IPAddress.Loopback);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Worker = WorkerServices.Of(this, Source, Engine, TimeProvider.System);
        Server = await PortalServer.StartAsync(ConnectionString);
        Ada = await Server.AddPersonAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Server.DisposeAsync();
        await Worker.DisposeAsync();
        await base.DisposeAsync();
    }

    protected async Task SettleSnapshotAsync(string id)
    {
        await using var db = CreateDbContext();
        for (
            var round = 0;
            round < 20 && (await db.Snapshots.AsNoTracking().SingleAsync(snapshot => snapshot.Id == id, Ct)).IsUnsettled;
            round++
        )
        {
            await Worker.GetRequiredService<ISnapshotJob>().AdvanceAsync(id, Ct);
        }

        Assert.False(
            (await db.Snapshots.AsNoTracking().SingleAsync(snapshot => snapshot.Id == id, Ct)).IsUnsettled,
            $"{id} did not settle."
        );
    }

    /// <summary>Runs the jobs as the worker would, until nothing is left to do.</summary>
    protected async Task SettleAsync(string id)
    {
        await using var db = CreateDbContext();
        for (var round = 0; round < 20 && (await db.Volumes.AsNoTracking().SingleAsync(volume => volume.Id == id, Ct)).IsUnsettled; round++)
        {
            await Worker.GetRequiredService<IVolumeJob>().AdvanceAsync(id, Ct);
        }

        Assert.False((await db.Volumes.AsNoTracking().SingleAsync(volume => volume.Id == id, Ct)).IsUnsettled, $"{id} did not settle.");
    }
}
