using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Billing;
using Portal.Tests.Shared;
using Portal.Worker.Compute;
using Portal.Worker.Operators;
using Portal.Worker.Shared;

namespace Portal.Tests.Compute;

[Trait("Needs", "database")]
public sealed class SuspensionSweepTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly InMemoryEngine engine = new();
    private readonly FakeTimeProvider clock = new(AnAccount.Now);
    private Actor ada = null!;
    private ServiceProvider services = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        ada = await AnAccount.ReadyAsync(this);
        services = WorkerServices.Of(this, Source, engine, clock);
    }

    public override async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task What_runs_is_stopped_and_exactly_that_starts_again()
    {
        var (on, off) = (await RunningAsync("on"), await RunningAsync("off"));
        await new ChangeInstance(this, clock).RunAsync(ada, InstanceAction.Stop, off, Ct);
        await ObserveAsync(off, InstanceState.Stopped);

        await SuspendAsync();
        await SweepAsync();
        await SweepAsync();
        Assert.Equal(("stopping", true), await SeenAsync(on));
        Assert.Equal(("stopped", false), await SeenAsync(off));
        await using (var db = CreateDbContext())
        {
            Assert.False(await db.UsageSpans.AnyAsync(span => span.ResourceId == on && span.To == null, Ct));
        }

        await ObserveAsync(on, InstanceState.Stopped);
        Assert.Equal(
            CreateRule.Suspended,
            (await new ChangeInstance(this, clock).RunAsync(ada, InstanceAction.Start, on, Ct)).Outcome.Reason
        );
        Assert.Equal(CreateRule.Suspended, (await new ResizeInstance(this, clock).RunAsync(ada, on, "t1.micro", Ct)).Reason);
        await ResumeAsync();
        await SweepAsync();
        await SweepAsync();
        Assert.Equal(("pending", false), await SeenAsync(on));
        Assert.Equal(("stopped", false), await SeenAsync(off));
    }

    [Fact]
    public async Task A_machine_that_was_still_being_made_is_stopped_once_it_runs()
    {
        var id = await RunningAsync("late");
        await ObserveAsync(id, InstanceState.Pending);
        await SuspendAsync();
        await SweepAsync();
        Assert.Equal(("pending", false), await SeenAsync(id));
        await ObserveAsync(id, InstanceState.Running);
        await SweepAsync();
        Assert.Equal(("stopping", true), await SeenAsync(id));
    }

    [Fact]
    public async Task One_that_is_still_stopping_when_the_suspension_ends_starts_after_that()
    {
        var id = await RunningAsync("quick");
        await SuspendAsync();
        await SweepAsync();
        await ResumeAsync();
        await SweepAsync();
        Assert.Equal(("stopping", true), await SeenAsync(id));
        await ObserveAsync(id, InstanceState.Stopped);
        await SweepAsync();
        Assert.Equal(("pending", false), await SeenAsync(id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_worker_that_is_killed_in_the_middle_is_made_up_for(int stopAt)
    {
        string[] ids = [await RunningAsync("one"), await RunningAsync("two")];
        var bob = await AnAccount.ReadyAsync(this);
        var others = await RunningMachines.AddAsync(this, null, bob);
        await SuspendAsync();
        await SuspendAsync(bob);
        var killed = await Assert.ThrowsAsync<AggregateException>(() => SweepAsync(new KilledAtSave(ConnectionString, stopAt)));
        Assert.IsType<NpgsqlException>(killed.InnerException?.InnerException);
        await SweepAsync();
        Assert.All(await Task.WhenAll([.. ids.Append(others).Select(SeenAsync)]), seen => Assert.Equal(("stopping", true), seen));
        await using var db = CreateDbContext();
        Assert.Equal(3, await db.AuditEntries.CountAsync(entry => entry.Action == "StopInstances", Ct));
    }

    [Fact]
    public async Task A_suspended_account_may_delete_and_read_but_not_reboot_nor_rebuild()
    {
        var id = await RunningAsync("on");
        var image = await AnAccount.ImageAsync(this);
        await SuspendAsync();
        Assert.Equal(
            CreateRule.Suspended,
            (await new ChangeInstance(this, clock).RunAsync(ada, InstanceAction.Reboot, id, Ct)).Outcome.Reason
        );
        Assert.Equal(
            CreateRule.Suspended,
            (await new ChangeInstance(this, clock).RunAsync(ada, InstanceAction.Rescue, id, Ct)).Outcome.Reason
        );
        Assert.Equal(CreateRule.Suspended, (await new RebuildInstance(this, clock).RunAsync(ada, id, image.Id, null, Ct)).Outcome.Reason);
        Assert.True((await new ChangeInstance(this, clock).RunAsync(ada, InstanceAction.Terminate, id, Ct)).Outcome.IsDone);
        await SweepAsync();
        Assert.Equal(("shutting-down", false), await SeenAsync(id));
    }

    private Task<string> RunningAsync(string name) => RunningMachines.AddAsync(this, null, ada, name);

    private Task SweepAsync(IDbContextFactory<PortalDb>? dbs = null) =>
        new SuspensionSweep(
            dbs ?? AsWorker,
            services.GetRequiredService<Nudges>(),
            new RegionName("local"),
            clock,
            NullLogger<SuspensionSweep>.Instance
        ).SweepAsync(Ct);

    private Task SuspendAsync(Actor? whom = null) =>
        ChangeAsync(
            whom ?? ada,
            (db, account) => Suspension.SuspendAsync(db, account, SuspensionReason.Operator, null, clock.GetUtcNow(), Ct)
        );

    private Task ResumeAsync() => ChangeAsync(ada, (db, account) => Suspension.ResumeAsync(db, account, null, clock.GetUtcNow(), Ct));

    private async Task ChangeAsync(Actor actor, Func<PortalDb, Account, Task<Outcome>> change)
    {
        await using var db = CreateDbContext();
        await using var transaction = await db.Database.BeginTransactionAsync(Ct);
        Assert.Null((await change(db, await db.LockAccountAsync(actor.AccountId, Ct))).Reason);
        await db.SaveChangesAsync(Ct);
        await transaction.CommitAsync(Ct);
    }

    private async Task ObserveAsync(string id, InstanceState state)
    {
        await using var db = CreateDbContext();
        await db
            .Instances.Where(instance => instance.Id == id)
            .ExecuteUpdateAsync(set => set.SetProperty(instance => instance.State, state), Ct);
    }

    private async Task<(string Status, bool IsSuspended)> SeenAsync(string id)
    {
        await using var db = CreateDbContext();
        var instance = await db.Instances.SingleAsync(instance => instance.Id == id, Ct);
        return (instance.Status, instance.IsSuspended);
    }
}
