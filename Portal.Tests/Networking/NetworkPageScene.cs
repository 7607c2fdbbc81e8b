using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Networking;

/// <summary>A customer in Chromium, with a real worker on the engine in memory.</summary>
public abstract class NetworkPageScene(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    protected static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    protected ABrowser Browser { get; } = browser;

    protected InMemoryEngine Engine { get; } = new();

    protected PortalServer Server { get; private set; } = null!;

    protected WorkerServer Worker { get; private set; } = null!;

    protected Person Ada { get; private set; } = null!;

    protected Actor Actor => new(Ada.AccountId, Ada.UserId, Ada.Email, IPAddress.Loopback);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Server = await PortalServer.StartAsync(ConnectionString);
        Worker = await WorkerServer.StartAsync(ConnectionString, Engine);
        Ada = await Server.AddPersonAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Worker.DisposeAsync();
        await Server.DisposeAsync();
        await base.DisposeAsync();
    }

    protected async Task<string> ReadNetworkAsync()
    {
        await using var db = CreateDbContext();
        return (await db.Networks.SingleAsync(Ct)).Id;
    }

    /// <summary>One that runs, by the real worker's doing.</summary>
    protected async Task<Instance> InstanceAsync(string name, Func<NewInstances, NewInstances>? choose = null)
    {
        var image = await RunningMachines.ReadyToCreateAsync(this, Ada.AccountId);
        var made = await new CreateInstance(this, TimeProvider.System).RunAsync(
            Actor,
            (choose ?? (wish => wish))(AnAccount.Wish(image) with { Name = name }),
            Ct
        );
        Assert.Null(made.Reason);
        await Until.TrueAsync(async () =>
        {
            await using var db = CreateDbContext();
            return await db.Instances.AnyAsync(instance => instance.Id == made.Value![0].Id && instance.SshAt != null, Ct);
        });
        return made.Value![0];
    }

    protected async Task<IPage> OpenAsync(string path, ViewportSize? size = null)
    {
        var page = await Browser.SignInAsync(Server, Ada, path, size);
        return page;
    }
}
