using Microsoft.EntityFrameworkCore;
using Portal.Compute;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>What becomes of a request when the instance goes another way before the guest has answered.</summary>
[Trait("Needs", "database")]
public sealed class GuestRequestMeanwhileTests(TestPostgres postgres) : GuestRequestScene(postgres)
{
    private const string Desk = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk3m8v1nK0m9cJmSxw1b9n5b0gJ2v3o7m9pQ0kz1w2y desk";

    [Fact]
    public async Task What_the_guest_refuses_and_a_stop_meanwhile_end_a_request_with_a_sentence()
    {
        Engine.FailOnce(nameof(IGuestEngine.SetPasswordAsync), FaultPoint.Before, EngineFault.Rejected);
        var first = Done(await Change.SetPasswordAsync(Ada, InstanceId, GuestPassword.Hash("x"), Ct));
        await AdvanceAsync(first.Id);
        Assert.Equal("The guest refused it. Perhaps it has no user root any more.", (await ReadAsync(first.Id)).Reason);

        var second = Done(await Change.SetPasswordAsync(Ada, InstanceId, GuestPassword.Hash("x"), Ct));
        await new ChangeInstance(this, Clock).RunAsync(Ada, InstanceAction.Stop, InstanceId, Ct);
        await AdvanceAsync(second.Id);
        var ended = await ReadAsync(second.Id);
        Assert.Equal(("The instance is stopping: nothing was changed.", null), (ended.Reason, ended.SealedHash));
        await using var db = CreateDbContext();
        Assert.False(await db.GuestRequests.AnyAsync(request => request.Id == first.Id, Ct));
    }

    [Fact]
    public async Task What_is_put_into_rescue_or_restarted_before_its_guest_was_asked_is_left_alone()
    {
        var first = Done(await Change.SetKeyAsync(Ada, InstanceId, await AKeyAsync(Ada.AccountId), Ct));
        await new ChangeInstance(this, Clock).RunAsync(Ada, InstanceAction.Reboot, InstanceId, Ct);
        await AdvanceAsync(first.Id);
        Assert.Equal("The instance is restarting: nothing was changed.", (await ReadAsync(first.Id)).Reason);

        await ObserveAsync(boot: 1);
        var second = Done(await Change.SetKeyAsync(Ada, InstanceId, await AKeyAsync(Ada.AccountId), Ct));
        await new ChangeInstance(this, Clock).RunAsync(Ada, InstanceAction.Rescue, InstanceId, Ct);
        await ObserveAsync(boot: 2);
        await AdvanceAsync(second.Id);
        Assert.Equal("The instance is in rescue: nothing was changed.", (await ReadAsync(second.Id)).Reason);
        Assert.Empty(Engine.Keys);
    }

    /// <summary>The agent is slow; what its customer chooses meanwhile holds.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task A_key_that_a_rebuilding_asked_for_meanwhile_begins_with_stays(bool withAnotherKey, bool isRebuilt)
    {
        var before = await InstanceAsync();
        var chosen = withAnotherKey ? await AKeyAsync(Ada.AccountId, "desk", Desk) : null;
        var request = Done(await Change.SetKeyAsync(Ada, InstanceId, await AKeyAsync(Ada.AccountId), Ct));
        Engine.Hook = async (call, point, _) =>
        {
            if (call is nameof(IGuestEngine.SetKeyAsync) && point is FaultPoint.After)
            {
                Engine.Hook = null;
                Assert.Null((await new RebuildInstance(this, Clock).RunAsync(Ada, InstanceId, before.ImageId, chosen, Ct)).Outcome.Reason);
                if (isRebuilt)
                {
                    await Get<IInstanceJob>().AdvanceAsync(InstanceId, Ct);
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
        var request = Done(await Change.SetPasswordAsync(Ada, InstanceId, GuestPassword.Hash("x"), Ct));
        var image = (await InstanceAsync()).ImageId;
        Engine.Hook = async (call, point, _) =>
        {
            if (call is nameof(IGuestEngine.SetPasswordAsync) && point is FaultPoint.After)
            {
                Assert.Null((await new RebuildInstance(this, Clock).RunAsync(Ada, InstanceId, image, null, Ct)).Outcome.Reason);
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
        var request = Done(await Change.SetKeyAsync(Ada, InstanceId, await AKeyAsync(Ada.AccountId), Ct));
        Engine.Hook = async (call, point, _) =>
        {
            if (call is nameof(IGuestEngine.SetKeyAsync) && point is FaultPoint.After)
            {
                Assert.Null((await new ChangeInstance(this, Clock).RunAsync(Ada, meanwhile, InstanceId, Ct)).Outcome.Reason);
            }
        };
        await AdvanceAsync(request.Id);
        Assert.Equal(isTaken ? GuestRequestState.Done : GuestRequestState.Failed, (await ReadAsync(request.Id)).State);
        Assert.Equal(isTaken ? Laptop : before.PublicKey, (await InstanceAsync()).PublicKey);
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
            Clock.GetUtcNow()
        );
        await db.SaveChangesAsync(Ct);
    }
}
