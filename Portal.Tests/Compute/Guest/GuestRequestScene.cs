using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>A customer with a running instance whose guest can be asked, and a worker whose jobs run when the test says so.</summary>
public abstract class GuestRequestScene(TestPostgres postgres) : TestDatabase(postgres)
{
    private ServiceProvider services = null!;

    protected const string Laptop = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk3m8v1nK0m9cJmSxw1b9n5b0gJ2v3o7m9pQ0kz1w2x laptop";

    protected static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    protected InMemoryEngine Engine { get; } = new();

    protected FakeTimeProvider Clock { get; } = new(TimeProvider.System.GetUtcNow());

    protected Actor Ada { get; private set; } = null!;

    protected string InstanceId { get; private set; } = "";

    protected ChangeGuest Change => new(this, Get<GuestSecrets>(), Clock);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        services = WorkerServices.Of(this, Source, Engine, Clock);
        Ada = await AnAccount.ReadyAsync(this);
        InstanceId = await RunningMachines.AddAsync(this, Engine, Ada);
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await services.DisposeAsync();
        await base.DisposeAsync();
    }

    protected T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    protected static GuestRequest Done(Outcome<GuestRequest> outcome)
    {
        Assert.Null(outcome.Reason);
        return outcome.Value!;
    }

    protected Task AdvanceAsync(string requestId) => Get<IGuestRequestJob>().AdvanceAsync(requestId, Ct);

    protected async Task<GuestRequest> ReadAsync(string requestId)
    {
        await using var db = CreateDbContext();
        return await db.GuestRequests.AsNoTracking().SingleAsync(request => request.Id == requestId, Ct);
    }

    protected async Task<string> AKeyAsync(string accountId, string name = "laptop", string line = Laptop)
    {
        await using var db = CreateDbContext();
        if (await db.KeyPairs.FirstOrDefaultAsync(key => key.AccountId == accountId && key.Name == name, Ct) is { } known)
        {
            return known.Id;
        }

        var made = new KeyPair
        {
            Id = ResourceIds.New("key"),
            AccountId = accountId,
            Name = name,
            PublicKey = line,
            Fingerprint = $"SHA256:{name}",
            CreatedAt = Clock.GetUtcNow(),
        };
        db.KeyPairs.Add(made);
        await db.SaveChangesAsync(Ct);
        return made.Id;
    }
}
