using System.Net;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>A customer with a running instance, in Chromium; the part of the worker is played by the test.</summary>
public abstract class InstanceActionScene(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    protected static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    protected ABrowser Browser { get; } = browser;

    protected PortalServer Server { get; private set; } = null!;

    protected Person Ada { get; private set; } = null!;

    protected string InstanceId { get; private set; } = "";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Server = await PortalServer.StartAsync(ConnectionString);
        Ada = await Server.AddPersonAsync();
        InstanceId = await RunningMachines.AddAsync(this, null, Actor);
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Server.DisposeAsync();
        await base.DisposeAsync();
    }

    protected const string Laptop = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk3m8v1nK0m9cJmSxw1b9n5b0gJ2v3o7m9pQ0kz1w2x laptop";

    protected Actor Actor => new(Ada.AccountId, Ada.UserId, Ada.Email, IPAddress.Loopback);

    protected async Task<IPage> OpenAsync(string tab = "")
    {
        var page = await Browser.SignInAsync(Server, Ada, $"/instances/{InstanceId}{tab}");
        return page;
    }

    protected static ILocator Item(IPage page, string name) =>
        page.Locator(".menu-items").GetByRole(AriaRole.Button, new() { Name = name });

    protected async Task AddKeyAsync()
    {
        await using var db = CreateDbContext();
        db.KeyPairs.Add(
            new KeyPair
            {
                Id = ResourceIds.New("key"),
                AccountId = Ada.AccountId,
                Name = "laptop",
                PublicKey = Laptop,
                Fingerprint = "SHA256:laptop",
                CreatedAt = TimeProvider.System.GetUtcNow(),
            }
        );
        await db.SaveChangesAsync(Ct);
    }
}
