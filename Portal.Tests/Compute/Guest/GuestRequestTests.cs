using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Compute;
using Portal.Model.Compute;
using Portal.Tests.Shared;
using Portal.Worker.Compute;
using Portal.Worker.Operators;

namespace Portal.Tests.Compute;

/// <summary>What a running guest is asked for: by whom, what is kept of it meanwhile, and what comes of it.</summary>
[Trait("Needs", "database")]
public sealed class GuestRequestTests(TestPostgres postgres) : GuestRequestScene(postgres)
{
    [Fact]
    public async Task A_password_reaches_the_guest_as_a_hash_of_which_nothing_stays()
    {
        var hash = GuestPassword.Hash(GuestPassword.Make());
        var request = Done(await Change.SetPasswordAsync(Ada, InstanceId, hash, Ct));
        Assert.NotNull((await ReadAsync(request.Id)).SealedHash);
        Assert.DoesNotContain(await EverythingAsync(), text => text.Contains(hash, StringComparison.Ordinal));
        await AdvanceAsync(request.Id);
        await AdvanceAsync(request.Id);
        Assert.Equal(
            (GuestRequestState.Done, null, null),
            await ReadAsync(request.Id) is var done ? (done.State, done.SealedHash, done.Reason) : default
        );
        Assert.Equal(hash, Engine.Passwords.Single(password => password.Key.User == "root").Value);
        Assert.Equal(1, Engine.Calls[nameof(IGuestEngine.SetPasswordAsync)]);
        await using var db = CreateDbContext();
        Assert.Equal(
            """{"Key": null, "User": "root"}""",
            (await db.AuditEntries.SingleAsync(row => row.Action == "SetInstancePassword", Ct)).After
        );
    }

    [Fact]
    public async Task A_key_takes_the_place_of_the_one_that_the_instance_has_from_Portal()
    {
        var key = await AKeyAsync(Ada.AccountId);
        var request = Done(await Change.SetKeyAsync(Ada, InstanceId, key, Ct));
        await AdvanceAsync(request.Id);
        await using var db = CreateDbContext();
        var instance = await db.Instances.SingleAsync(Ct);
        Assert.Equal((key, "laptop", Laptop), (instance.KeyPairId, instance.KeyName, instance.PublicKey));
        Assert.Equal([Laptop], Engine.Keys.Single().Value);
        Assert.Equal(GuestRequestState.Done, (await ReadAsync(request.Id)).State);
    }

    [Fact]
    public async Task Each_call_may_fail_before_or_after_its_effect()
    {
        foreach (var point in Enum.GetValues<FaultPoint>())
        {
            Engine.FailOnce(nameof(IGuestEngine.SetPasswordAsync), point);
            Engine.FailOnce(nameof(IGuestEngine.SetKeyAsync), point);
            var hash = GuestPassword.Hash("x");
            await SettleAsync(Done(await Change.SetPasswordAsync(Ada, InstanceId, hash, Ct)).Id);
            Assert.Equal(hash, Engine.Passwords.Values.Single());
            await SettleAsync(Done(await Change.SetKeyAsync(Ada, InstanceId, await AKeyAsync(Ada.AccountId), Ct)).Id);
            Assert.Equal([Laptop], Engine.Keys.Values.Single());
        }
    }

    [Fact]
    public async Task A_silent_agent_is_asked_until_the_time_is_over_and_the_hash_goes_then()
    {
        var request = Done(await Change.SetPasswordAsync(Ada, InstanceId, GuestPassword.Hash("x"), Ct));
        Engine.AgentsAnswer = false;
        await AdvanceAsync(request.Id);
        Assert.Equal(GuestRequestState.Pending, (await ReadAsync(request.Id)).State);
        Clock.Advance(GuestRequest.Limit);
        await Get<GuestRequestSweep>().SweepAsync(Ct);
        await AdvanceAsync(request.Id);
        var failed = await ReadAsync(request.Id);
        Assert.Equal((GuestRequestState.Failed, null), (failed.State, failed.SealedHash));
        Assert.StartsWith("The agent in the guest did not answer in time.", failed.Reason, StringComparison.Ordinal);
        await using var db = CreateDbContext();
        Assert.Empty(await db.Incidents.ToListAsync(Ct));
    }

    [Fact]
    public async Task Strangers_silent_agents_a_second_request_and_keys_of_others_are_refused_with_a_sentence()
    {
        var eve = await AnAccount.ReadyAsync(this);
        Assert.Equal("There is no such instance.", (await Change.SetPasswordAsync(eve, InstanceId, GuestPassword.Hash("x"), Ct)).Reason);
        Assert.Equal(KeyPair.Gone, (await Change.SetKeyAsync(Ada, InstanceId, await AKeyAsync(eve.AccountId), Ct)).Reason);
        Done(await Change.SetPasswordAsync(Ada, InstanceId, GuestPassword.Hash("x"), Ct));
        Assert.Equal(
            "Its guest is being asked for something already.",
            (await Change.SetPasswordAsync(Ada, InstanceId, GuestPassword.Hash("x"), Ct)).Reason
        );

        Engine.AgentsAnswer = false;
        await Get<MachinePatrol>().SweepAsync(Ct);
        Assert.StartsWith(
            "The agent in its guest does not answer.",
            (await Change.SetPasswordAsync(Ada, InstanceId, GuestPassword.Hash("x"), Ct)).Reason,
            StringComparison.Ordinal
        );
        await new ChangeInstance(this, Clock).RunAsync(Ada, InstanceAction.Stop, InstanceId, Ct);
        Assert.Equal(
            "Its guest can be asked while it runs; it is stopping.",
            (await Change.SetPasswordAsync(Ada, InstanceId, GuestPassword.Hash("x"), Ct)).Reason
        );
    }

    private async Task SettleAsync(string requestId)
    {
        for (var round = 0; round < 5 && (await ReadAsync(requestId)).State is GuestRequestState.Pending; round++)
        {
            await AdvanceAsync(requestId);
        }

        Assert.Equal(GuestRequestState.Done, (await ReadAsync(requestId)).State);
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
