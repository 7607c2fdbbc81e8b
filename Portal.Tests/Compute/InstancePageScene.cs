using System.Net;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>A customer in Chromium; the part of the worker is played by the test.</summary>
public abstract class InstancePageScene(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    protected static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    protected ABrowser Browser { get; } = browser;

    protected InMemoryEngine Engine { get; } = new();

    protected PortalServer Server { get; private set; } = null!;

    protected Person Ada { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Server = await PortalServer.StartAsync(ConnectionString);
        Ada = await Server.AddPersonAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Server.DisposeAsync();
        await base.DisposeAsync();
    }

    protected Actor Actor => new(Ada.AccountId, Ada.UserId, Ada.Email, IPAddress.Loopback);
}
