using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Volumes;

/// <summary>How many volumes and GiB there are room for: in a quota, in the region, and in an instance.</summary>
[Trait("Needs", "database")]
public sealed class VolumeQuotaTests(TestPostgres postgres) : VolumeVerbScene(postgres)
{
    [Fact]
    public async Task Thirty_parallel_requests_against_a_quota_of_ten_give_exactly_ten()
    {
        var actor = await AnAccount.ReadyAsync(this);
        await SetLimitsAsync(actor, volumes: 10);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Task.Run(() => Create.RunAsync(actor, Wish(), Ct))));
        Assert.Equal(10, outcomes.Count(outcome => outcome.IsDone));
        Assert.All(
            outcomes.Where(outcome => !outcome.IsDone),
            outcome => Assert.StartsWith("Your quota is 10 volumes and you have 10", outcome.Reason, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task GiB_are_a_quota_too_for_new_volumes_for_growing_ones_and_for_root_disks()
    {
        var actor = await AnAccount.ReadyAsync(this);
        await SetLimitsAsync(actor, gib: 10);
        var made = Done(await Create.RunAsync(actor, Wish(size: 6), Ct));
        Assert.StartsWith("Your quota is 10 GiB", (await Create.RunAsync(actor, Wish(size: 5), Ct)).Reason, StringComparison.Ordinal);
        await MadeAsync(made.Id);
        Assert.StartsWith(
            "Your quota is 10 GiB",
            (await Change.GrowAsync(actor, made.Id, 11, Ct)).Outcome.Reason,
            StringComparison.Ordinal
        );
        Assert.Null((await Change.GrowAsync(actor, made.Id, 8, Ct)).Outcome.Reason);
        var instance = await new CreateInstance(this, Clock).RunAsync(actor, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct);
        Assert.StartsWith("Your quota is 10 GiB", instance.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_there_is_no_room_the_sentence_says_how_much_is_left()
    {
        var actor = await AnAccount.ReadyAsync(this);
        await using (var db = CreateDbContext())
        {
            await db.Regions.ExecuteUpdateAsync(
                region => region.SetProperty(row => row.SeenAt, AnAccount.Now).SetProperty(row => row.FreeDiskGiB, 20),
                Ct
            );
        }

        Done(await Create.RunAsync(actor, Wish(size: 15), Ct));
        Assert.Equal(
            "There is no room for 6 GiB at the moment; the region has 5 GiB left.",
            (await Create.RunAsync(actor, Wish(size: 6), Ct)).Reason
        );
        Done(await Create.RunAsync(actor, Wish(size: 5), Ct));
    }

    [Fact]
    public async Task Twenty_parallel_attachments_to_one_instance_get_fifteen_places_of_their_own()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var machine = (await new CreateInstance(this, Clock).RunAsync(actor, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)).Value![
            0
        ];
        var ids = new List<string>();
        for (var n = 0; n < 20; n++)
        {
            ids.Add(Done(await Create.RunAsync(actor, Wish(), Ct)).Id);
            await MadeAsync(ids[n]);
        }

        var changes = await Task.WhenAll(ids.Select(id => Task.Run(() => Change.AttachAsync(actor, id, machine.Id, false, Ct))));
        Assert.Equal(VolumeDevices.Most, changes.Count(change => change.Outcome.IsDone));
        await using var db = CreateDbContext();
        Assert.Equal(
            16,
            await db.Volumes.Where(volume => volume.InstanceId == machine.Id).Select(volume => volume.Device).Distinct().CountAsync(Ct)
        );
    }

    private async Task SetLimitsAsync(Actor actor, int volumes = 100, int gib = 4096)
    {
        await using var db = CreateDbContext();
        await db
            .Accounts.Where(account => account.Id == actor.AccountId)
            .ExecuteUpdateAsync(
                account => account.SetProperty(row => row.VolumeLimit, volumes).SetProperty(row => row.VolumeGiBLimit, gib),
                Ct
            );
    }
}
