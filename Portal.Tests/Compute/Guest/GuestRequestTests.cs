using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Compute;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using Portal.Worker.Compute;
using Portal.Worker.Operators;

namespace Portal.Tests.Compute;

/// <summary>What a running guest is asked for: by whom, what is kept of it meanwhile, and what comes of it.</summary>
[Trait("Needs", "database")]
public sealed class GuestRequestTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private const string Laptop = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk3m8v1nK0m9cJmSxw1b9n5b0gJ2v3o7m9pQ0kz1w2x laptop";

    private const string Desk = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk3m8v1nK0m9cJmSxw1b9n5b0gJ2v3o7m9pQ0kz1w2y desk";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly InMemoryEngine engine = new();
    private readonly FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
    private ServiceProvider services = null!;
    private Actor ada = null!;
    private string id = "";

    private ChangeGuest Change => new(this, services.GetRequiredService<GuestSecrets>(), clock);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        services = WorkerServices.Of(this, Source, engine, clock);
        ada = await AnAccount.ReadyAsync(this);
        id = await RunningMachines.AddAsync(this, engine, ada);
    }

    public override async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task A_password_reaches_the_guest_as_a_hash_of_which_nothing_stays()
    {
        var hash = GuestPassword.Hash(GuestPassword.Make());
        var request = Done(await Change.SetPasswordAsync(ada, id, hash, Ct));
        Assert.NotNull((await ReadAsync(request.Id)).SealedHash);
        Assert.DoesNotContain(await EverythingAsync(), text => text.Contains(hash, StringComparison.Ordinal));
        await AdvanceAsync(request.Id);
        await AdvanceAsync(request.Id);
        Assert.Equal(
            (GuestRequestState.Done, null, null),
            await ReadAsync(request.Id) is var done ? (done.State, done.SealedHash, done.Reason) : default
        );
        Assert.Equal(hash, engine.Passwords.Single(password => password.Key.User == "root").Value);
        Assert.Equal(1, engine.Calls[nameof(IGuestEngine.SetPasswordAsync)]);
        await using var db = CreateDbContext();
        Assert.Equal(
            """{"Key": null, "User": "root"}""",
            (await db.AuditEntries.SingleAsync(row => row.Action == "SetInstancePassword", Ct)).After
        );
    }

    [Fact]
    public async Task A_key_takes_the_place_of_the_one_that_the_instance_has_from_Portal()
    {
        var key = await AKeyAsync(ada.AccountId);
        var request = Done(await Change.SetKeyAsync(ada, id, key, Ct));
        await AdvanceAsync(request.Id);
        await using var db = CreateDbContext();
        var instance = await db.Instances.SingleAsync(Ct);
        Assert.Equal((key, "laptop", Laptop), (instance.KeyPairId, instance.KeyName, instance.PublicKey));
        Assert.Equal([Laptop], engine.Keys.Single().Value);
        Assert.Equal(GuestRequestState.Done, (await ReadAsync(request.Id)).State);
    }

    [Fact]
    public async Task Each_call_may_fail_before_or_after_its_effect()
    {
        foreach (var point in Enum.GetValues<FaultPoint>())
        {
            engine.FailOnce(nameof(IGuestEngine.SetPasswordAsync), point);
            engine.FailOnce(nameof(IGuestEngine.SetKeyAsync), point);
            var hash = GuestPassword.Hash("x");
            await SettleAsync(Done(await Change.SetPasswordAsync(ada, id, hash, Ct)).Id);
            Assert.Equal(hash, engine.Passwords.Values.Single());
            await SettleAsync(Done(await Change.SetKeyAsync(ada, id, await AKeyAsync(ada.AccountId), Ct)).Id);
            Assert.Equal([Laptop], engine.Keys.Values.Single());
        }
    }

    [Fact]
    public async Task A_silent_agent_is_asked_until_the_time_is_over_and_the_hash_goes_then()
    {
        var request = Done(await Change.SetPasswordAsync(ada, id, GuestPassword.Hash("x"), Ct));
        engine.AgentsAnswer = false;
        await AdvanceAsync(request.Id);
        Assert.Equal(GuestRequestState.Pending, (await ReadAsync(request.Id)).State);
        clock.Advance(GuestRequest.Limit);
        await services.GetRequiredService<GuestRequestSweep>().SweepAsync(Ct);
        await AdvanceAsync(request.Id);
        var failed = await ReadAsync(request.Id);
        Assert.Equal((GuestRequestState.Failed, null), (failed.State, failed.SealedHash));
        Assert.StartsWith("The agent in the guest did not answer in time.", failed.Reason, StringComparison.Ordinal);
        await using var db = CreateDbContext();
        Assert.Empty(await db.Incidents.ToListAsync(Ct));
    }

    [Fact]
    public async Task What_the_guest_refuses_and_a_stop_meanwhile_end_a_request_with_a_sentence()
    {
        engine.FailOnce(nameof(IGuestEngine.SetPasswordAsync), FaultPoint.Before, EngineFault.Rejected);
        var first = Done(await Change.SetPasswordAsync(ada, id, GuestPassword.Hash("x"), Ct));
        await AdvanceAsync(first.Id);
        Assert.Equal("The guest refused it. Perhaps it has no user root any more.", (await ReadAsync(first.Id)).Reason);

        var second = Done(await Change.SetPasswordAsync(ada, id, GuestPassword.Hash("x"), Ct));
        await new ChangeInstance(this, clock).RunAsync(ada, InstanceAction.Stop, id, Ct);
        await AdvanceAsync(second.Id);
        var ended = await ReadAsync(second.Id);
        Assert.Equal(("The instance is stopping: nothing was changed.", null), (ended.Reason, ended.SealedHash));
        await using var db = CreateDbContext();
        Assert.False(await db.GuestRequests.AnyAsync(request => request.Id == first.Id, Ct));
    }

    [Fact]
    public async Task What_is_put_into_rescue_or_restarted_before_its_guest_was_asked_is_left_alone()
    {
        var first = Done(await Change.SetKeyAsync(ada, id, await AKeyAsync(ada.AccountId), Ct));
        await new ChangeInstance(this, clock).RunAsync(ada, InstanceAction.Reboot, id, Ct);
        await AdvanceAsync(first.Id);
        Assert.Equal("The instance is restarting: nothing was changed.", (await ReadAsync(first.Id)).Reason);

        await ObserveAsync(boot: 1);
        var second = Done(await Change.SetKeyAsync(ada, id, await AKeyAsync(ada.AccountId), Ct));
        await new ChangeInstance(this, clock).RunAsync(ada, InstanceAction.Rescue, id, Ct);
        await ObserveAsync(boot: 2);
        await AdvanceAsync(second.Id);
        Assert.Equal("The instance is in rescue: nothing was changed.", (await ReadAsync(second.Id)).Reason);
        Assert.Empty(engine.Keys);
    }

    /// <summary>The agent is slow; what its customer chooses meanwhile holds.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task A_key_that_a_rebuilding_asked_for_meanwhile_begins_with_stays(bool withAnotherKey, bool isRebuilt)
    {
        var before = await InstanceAsync();
        var chosen = withAnotherKey ? await AKeyAsync(ada.AccountId, "desk", Desk) : null;
        var request = Done(await Change.SetKeyAsync(ada, id, await AKeyAsync(ada.AccountId), Ct));
        engine.Hook = async (call, point, _) =>
        {
            if (call is nameof(IGuestEngine.SetKeyAsync) && point is FaultPoint.After)
            {
                engine.Hook = null;
                Assert.Null((await new RebuildInstance(this, clock).RunAsync(ada, id, before.ImageId, chosen, Ct)).Outcome.Reason);
                if (isRebuilt)
                {
                    await services.GetRequiredService<IInstanceJob>().AdvanceAsync(id, Ct);
                }
            }
        };
        await AdvanceAsync(request.Id);
        var (after, ended) = (await InstanceAsync(), await ReadAsync(request.Id));
        Assert.Equal((chosen ?? before.KeyPairId, withAnotherKey ? Desk : before.PublicKey), (after.KeyPairId, after.PublicKey));
        Assert.Equal(isRebuilt, after.RebuildImageId is null);
        Assert.StartsWith("The instance was rebuilt or put into rescue meanwhile", ended.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_that_was_set_on_a_disk_which_is_exchanged_meanwhile_is_not_told_to_be_set()
    {
        var request = Done(await Change.SetPasswordAsync(ada, id, GuestPassword.Hash("x"), Ct));
        var image = (await InstanceAsync()).ImageId;
        engine.Hook = async (call, point, _) =>
        {
            if (call is nameof(IGuestEngine.SetPasswordAsync) && point is FaultPoint.After)
            {
                Assert.Null((await new RebuildInstance(this, clock).RunAsync(ada, id, image, null, Ct)).Outcome.Reason);
            }
        };
        await AdvanceAsync(request.Id);
        var ended = await ReadAsync(request.Id);
        Assert.Equal((GuestRequestState.Failed, null), (ended.State, ended.SealedHash));
        Assert.StartsWith("The instance was rebuilt or put into rescue meanwhile", ended.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(InstanceAction.Rescue, false)]
    [InlineData(InstanceAction.Stop, true)]
    [InlineData(InstanceAction.Reboot, true)]
    public async Task A_stop_or_a_reboot_asked_for_meanwhile_changes_nothing_of_a_key_and_a_rescue_leaves_it_open(
        InstanceAction meanwhile,
        bool isTaken
    )
    {
        var before = await InstanceAsync();
        var request = Done(await Change.SetKeyAsync(ada, id, await AKeyAsync(ada.AccountId), Ct));
        engine.Hook = async (call, point, _) =>
        {
            if (call is nameof(IGuestEngine.SetKeyAsync) && point is FaultPoint.After)
            {
                Assert.Null((await new ChangeInstance(this, clock).RunAsync(ada, meanwhile, id, Ct)).Outcome.Reason);
            }
        };
        await AdvanceAsync(request.Id);
        Assert.Equal(isTaken ? GuestRequestState.Done : GuestRequestState.Failed, (await ReadAsync(request.Id)).State);
        Assert.Equal(isTaken ? Laptop : before.PublicKey, (await InstanceAsync()).PublicKey);
    }

    [Fact]
    public async Task Strangers_silent_agents_a_second_request_and_keys_of_others_are_refused_with_a_sentence()
    {
        var eve = await AnAccount.ReadyAsync(this);
        Assert.Equal("There is no such instance.", (await Change.SetPasswordAsync(eve, id, GuestPassword.Hash("x"), Ct)).Reason);
        Assert.Equal(KeyPair.Gone, (await Change.SetKeyAsync(ada, id, await AKeyAsync(eve.AccountId), Ct)).Reason);
        Done(await Change.SetPasswordAsync(ada, id, GuestPassword.Hash("x"), Ct));
        Assert.Equal(
            "Its guest is being asked for something already.",
            (await Change.SetPasswordAsync(ada, id, GuestPassword.Hash("x"), Ct)).Reason
        );

        engine.AgentsAnswer = false;
        await services.GetRequiredService<MachinePatrol>().SweepAsync(Ct);
        Assert.StartsWith(
            "The agent in its guest does not answer.",
            (await Change.SetPasswordAsync(ada, id, GuestPassword.Hash("x"), Ct)).Reason,
            StringComparison.Ordinal
        );
        await new ChangeInstance(this, clock).RunAsync(ada, InstanceAction.Stop, id, Ct);
        Assert.Equal(
            "Its guest can be asked while it runs; it is stopping.",
            (await Change.SetPasswordAsync(ada, id, GuestPassword.Hash("x"), Ct)).Reason
        );
    }

    private static GuestRequest Done(Outcome<GuestRequest> outcome)
    {
        Assert.Null(outcome.Reason);
        return outcome.Value!;
    }

    private Task AdvanceAsync(string requestId) => services.GetRequiredService<IGuestRequestJob>().AdvanceAsync(requestId, Ct);

    private async Task SettleAsync(string requestId)
    {
        for (var round = 0; round < 5 && (await ReadAsync(requestId)).State is GuestRequestState.Pending; round++)
        {
            await AdvanceAsync(requestId);
        }

        Assert.Equal(GuestRequestState.Done, (await ReadAsync(requestId)).State);
    }

    private async Task<GuestRequest> ReadAsync(string requestId)
    {
        await using var db = CreateDbContext();
        return await db.GuestRequests.AsNoTracking().SingleAsync(request => request.Id == requestId, Ct);
    }

    private async Task<Instance> InstanceAsync()
    {
        await using var db = CreateDbContext();
        return await db.Instances.AsNoTracking().SingleAsync(Ct);
    }

    private async Task ObserveAsync(int boot)
    {
        await using var db = CreateDbContext();
        (await db.Instances.SingleAsync(Ct)).Observe(
            new MachineObservation(MachinePower.Running, boot, SshAnswers: true, null, null, AgentAnswers: true),
            clock.GetUtcNow()
        );
        await db.SaveChangesAsync(Ct);
    }

    private async Task<string> AKeyAsync(string accountId, string name = "laptop", string line = Laptop)
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
            CreatedAt = clock.GetUtcNow(),
        };
        db.KeyPairs.Add(made);
        await db.SaveChangesAsync(Ct);
        return made.Id;
    }

    /// <summary>All that the database holds, the queue included, as one text for each table.</summary>
    private async Task<List<string>> EverythingAsync()
    {
        await using var db = CreateDbContext();
        return await db
            .Database.SqlQuery<string>(
                $"""
                SELECT query_to_xml(format('SELECT * FROM %I.%I', schemaname, tablename), true, false, '')::text AS "Value" FROM pg_tables WHERE schemaname IN ('public', 'hangfire')
                """
            )
            .ToListAsync(Ct);
    }
}
