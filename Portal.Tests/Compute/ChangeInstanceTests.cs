using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

[Trait("Needs", "database")]
public sealed class ChangeInstanceTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new(AnAccount.Now);

    private ChangeInstance Change => new(this, clock);

    [Fact]
    public async Task Stopping_writes_what_is_wanted_and_what_it_was_before()
    {
        var (actor, id) = await ARunningInstanceAsync();

        Assert.True((await Change.RunAsync(actor, InstanceAction.Stop, id, Ct)).Outcome.IsDone);

        await using var db = CreateDbContext();
        Assert.Equal("stopping", (await db.Instances.SingleAsync(instance => instance.Id == id, Ct)).Status);
        var audit = await db.AuditEntries.SingleAsync(row => row.Action == "StopInstances", Ct);
        Assert.Equal((id, """{"Status": "running"}""", """{"Status": "stopping"}"""), (audit.ResourceId, audit.Before, audit.After));
    }

    [Fact]
    public async Task A_refusal_says_why_and_leaves_no_trace()
    {
        var (actor, id) = await ARunningInstanceAsync();
        Assert.Equal(
            "Only a stopped instance can be started; this one is running.",
            (await Change.RunAsync(actor, InstanceAction.Start, id, Ct)).Outcome.Reason
        );
        await using var db = CreateDbContext();
        Assert.False(await db.AuditEntries.AnyAsync(row => row.Action == "StartInstances", Ct));
    }

    [Fact]
    public async Task A_strangers_instance_is_not_there()
    {
        var (_, id) = await ARunningInstanceAsync();
        var stranger = await AnAccount.ReadyAsync(this);
        foreach (var action in Enum.GetValues<InstanceAction>())
        {
            var change = await Change.RunAsync(stranger, action, id, Ct);
            Assert.Equal(("There is no such instance.", null), (change.Outcome.Reason, change.Name));
        }

        await using var db = CreateDbContext();
        Assert.Equal("running", (await db.Instances.SingleAsync(instance => instance.Id == id, Ct)).Status);
    }

    [Fact]
    public async Task Of_many_each_is_done_or_refused_for_itself()
    {
        var actor = await AnAccount.ReadyAsync(this, instanceLimit: 200);
        var image = await AnAccount.ImageAsync(this);
        var ids = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            ids.AddRange(
                (await new CreateInstance(this, clock).RunAsync(actor, AnAccount.Wish(image, count: 10), Ct)).Value!.Select(instance =>
                    instance.Id
                )
            );
            clock.Advance(TimeSpan.FromSeconds(15)); // more than sixty in a minute are too many
        }

        await RunAsync(ids.Take(110));

        var changes = await Change.RunAsync(actor, InstanceAction.Stop, ids, Ct);

        Assert.Equal(110, changes.Count(change => change.Outcome.IsDone));
        Assert.All(
            changes.Where(change => !change.Outcome.IsDone),
            change => Assert.Contains("pending", change.Outcome.Reason, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Twenty_stops_at_once_stop_once()
    {
        var (actor, id) = await ARunningInstanceAsync();
        var changes = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => Task.Run(() => Change.RunAsync(actor, InstanceAction.Stop, id, Ct)))
        );
        Assert.Single(changes, change => change.Outcome.IsDone);
    }

    [Theory]
    [InlineData(InstanceAction.Start)]
    [InlineData(InstanceAction.Rescue)]
    public async Task Without_room_or_a_card_a_stopped_instance_stays_stopped(InstanceAction action)
    {
        var (actor, id) = await ARunningInstanceAsync();
        await Change.RunAsync(actor, InstanceAction.Stop, id, Ct);
        await ObserveAsync([id], MachinePower.Off);
        await using (var db = CreateDbContext())
        {
            var region = await db.Regions.SingleAsync(Ct);
            (region.SeenAt, region.FreeVcpus, region.FreeMemoryMiB) = (AnAccount.Now, 0, 0);
            await db.SaveChangesAsync(Ct);
            Assert.Equal(
                "There is no room to start it at the moment; try again later.",
                (await Change.RunAsync(actor, action, id, Ct)).Outcome.Reason
            );
            await db.Cards.Where(card => card.AccountId == actor.AccountId).ExecuteDeleteAsync(Ct);
        }

        Assert.Contains("card", (await Change.RunAsync(actor, action, id, Ct)).Outcome.Reason, StringComparison.Ordinal);
    }

    private async Task<(Actor Actor, string Id)> ARunningInstanceAsync()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var made = await new CreateInstance(this, clock).RunAsync(actor, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct);
        await RunAsync([made.Value![0].Id]);
        return (actor, made.Value[0].Id);
    }

    private Task RunAsync(IEnumerable<string> ids) => ObserveAsync(ids, MachinePower.Running);

    private async Task ObserveAsync(IEnumerable<string> ids, MachinePower power)
    {
        await using var db = CreateDbContext();
        foreach (var instance in await db.Instances.Where(instance => ids.Contains(instance.Id)).ToListAsync(Ct))
        {
            instance.Observe(new MachineObservation(power, 0, SshAnswers: true, HostKey: null, Problem: null), AnAccount.Now);
        }

        await db.SaveChangesAsync(Ct);
    }
}
