using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Volumes;

/// <summary>Volumes asked for and changed in the database: once, within quotas, and nobody else's.</summary>
[Trait("Needs", "database")]
public sealed class CreateVolumeTests(TestPostgres postgres) : VolumeVerbScene(postgres)
{
    [Fact]
    public async Task A_volume_is_asked_for_with_a_deadline_and_an_audit_row()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var made = Done(
            await Create.RunAsync(actor, Wish(size: 3) with { Tags = new Dictionary<string, string> { ["env"] = "test" } }, Ct)
        );
        await using var db = CreateDbContext();
        var stored = await db.Volumes.SingleAsync(volume => volume.Id == made.Id, Ct);
        Assert.Equal(
            ("data", 3, 0, "creating", AnAccount.Now + Volume.MakeLimit),
            (stored.Name, stored.SizeGiB, stored.MadeGiB, stored.Status, stored.Deadline)
        );
        Assert.Equal("test", stored.Tags["env"]);
        Assert.Equal(
            ["CreateVolume"],
            await db.AuditEntries.Where(row => row.ResourceId == made.Id).Select(row => row.Action).ToListAsync(Ct)
        );
    }

    [Fact]
    public async Task One_request_sent_twenty_times_at_once_makes_one_volume()
    {
        var (actor, wish) = (await AnAccount.ReadyAsync(this), Wish());
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Create.RunAsync(actor, wish, Ct))));
        Assert.Single(outcomes.Select(outcome => Done(outcome).Id).Distinct());
        await using var db = CreateDbContext();
        Assert.Equal(1, await db.Volumes.CountAsync(volume => volume.AccountId == actor.AccountId, Ct));
    }

    [Fact]
    public async Task What_costs_takes_a_confirmed_address_and_a_card_and_what_does_not_takes_neither()
    {
        Assert.Equal(
            CreateRule.Unconfirmed,
            (await Create.RunAsync(await AnAccount.ReadyAsync(this, confirmed: false), Wish(), Ct)).Reason
        );
        Assert.Contains(
            "card",
            (await Create.RunAsync(await AnAccount.ReadyAsync(this, card: false), Wish(), Ct)).Reason,
            StringComparison.OrdinalIgnoreCase
        );

        var actor = await AnAccount.ReadyAsync(this);
        var made = Done(await Create.RunAsync(actor, Wish(), Ct));
        await MadeAsync(made.Id);
        await using (var db = CreateDbContext())
        {
            await db.Cards.Where(card => card.AccountId == actor.AccountId).ExecuteDeleteAsync(Ct);
        }

        Assert.Contains("card", (await Change.GrowAsync(actor, made.Id, 9, Ct)).Outcome.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.Null((await Change.DeleteAsync(actor, made.Id, Ct)).Outcome.Reason);
    }

    [Fact]
    public async Task Nonsense_is_refused_with_a_sentence()
    {
        var actor = await AnAccount.ReadyAsync(this);
        Assert.Equal("A volume has 1 to 2,048 GiB.", (await Create.RunAsync(actor, Wish(size: 0), Ct)).Reason);
        Assert.Equal("A volume has 1 to 2,048 GiB.", (await Create.RunAsync(actor, Wish(size: 2049), Ct)).Reason);
        Assert.Equal("Give it a name.", (await Create.RunAsync(actor, Wish() with { Name = " " }, Ct)).Reason);
        Assert.Equal("There is no such type of volume.", (await Create.RunAsync(actor, Wish() with { TypeId = "golden" }, Ct)).Reason);
        Assert.Equal("There is no such region.", (await Create.RunAsync(actor, Wish() with { RegionId = "nowhere" }, Ct)).Reason);
        Assert.Equal(
            "There is no such instance.",
            (await Create.RunAsync(actor, Wish() with { InstanceId = ResourceIds.New("i") }, Ct)).Reason
        );
    }

    [Fact]
    public async Task Anothers_volumes_and_instances_are_not_there()
    {
        var (ada, eve) = (await AnAccount.ReadyAsync(this), await AnAccount.ReadyAsync(this));
        var image = await AnAccount.ImageAsync(this);
        var (volume, machine) = (
            Done(await Create.RunAsync(ada, Wish(), Ct)),
            (await new CreateInstance(this, Clock).RunAsync(ada, AnAccount.Wish(image), Ct)).Value![0]
        );
        var (eves, evesMachine) = (
            Done(await Create.RunAsync(eve, Wish(), Ct)),
            (await new CreateInstance(this, Clock).RunAsync(eve, AnAccount.Wish(image), Ct)).Value![0]
        );
        await MadeAsync(volume.Id);
        await MadeAsync(eves.Id);
        ResourceChange[] tried =
        [
            await Change.AttachAsync(eve, volume.Id, evesMachine.Id, false, Ct),
            await Change.AttachAsync(eve, eves.Id, machine.Id, false, Ct),
            await Change.DetachAsync(eve, volume.Id, Ct),
            await Change.GrowAsync(eve, volume.Id, 20, Ct),
            await Change.RenameAsync(eve, volume.Id, "mine", Ct),
            await Change.TagAsync(eve, volume.Id, new Dictionary<string, string>(), Ct),
            await Change.KeepAsync(eve, volume.Id, true, Ct),
            await Change.DeleteAsync(eve, volume.Id, Ct),
        ];
        Assert.All(tried, change => Assert.StartsWith("There is no such", change.Outcome.Reason, StringComparison.Ordinal));
        Assert.Equal("There is no such instance.", (await Create.RunAsync(eve, Wish() with { InstanceId = machine.Id }, Ct)).Reason);
        await using var db = CreateDbContext();
        Assert.Equal((2, 0, 1), await ListedAsync(db, eve.AccountId));
        Assert.Equal(2, await db.AuditEntries.CountAsync(row => row.AccountId == eve.AccountId && row.Action != "ImportKeyPair", Ct));
    }

    [Fact]
    public async Task A_volume_made_for_an_instance_waits_in_its_place()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var machine = (await new CreateInstance(this, Clock).RunAsync(actor, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)).Value![
            0
        ];
        var made = Done(await Create.RunAsync(actor, Wish() with { InstanceId = machine.Id, DeleteOnTermination = true }, Ct));
        Assert.Equal((machine.Id, "sdb", true, VolumeGoal.InUse), (made.InstanceId, made.Device, made.DeleteOnTermination, made.Goal));
    }

    [Fact]
    public async Task The_list_is_searched_filtered_and_sorted_by_what_it_shows()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var machine = (await new CreateInstance(this, Clock).RunAsync(actor, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct)).Value![
            0
        ];
        var (alpha, beta, gone) = (
            Done(await Create.RunAsync(actor, Wish(3) with { Name = "alpha" }, Ct)),
            Done(await Create.RunAsync(actor, Wish(1) with { Name = "beta" }, Ct)),
            Done(await Create.RunAsync(actor, Wish() with { Name = "gone" }, Ct))
        );
        await MadeAsync(alpha.Id);
        await MadeAsync(beta.Id);
        await Change.AttachAsync(actor, beta.Id, machine.Id, false, Ct);
        await Change.TagAsync(actor, alpha.Id, new Dictionary<string, string> { ["env"] = "test" }, Ct);
        await using var db = CreateDbContext();
        (await db.Volumes.SingleAsync(volume => volume.Id == gone.Id, Ct)).ObserveRemoved(AnAccount.Now - ListQuery.KeepInSight);
        await db.SaveChangesAsync(Ct);

        async Task<List<string>> NamesAsync(VolumeQuery query) =>
            [.. (await query.PageAsync(db, actor.AccountId, AnAccount.Now, 0, 50, Ct)).Lines.Select(line => line.Name)];
        Assert.Equal(["alpha", "amber-falcon root", "beta"], await NamesAsync(new VolumeQuery(Order: VolumeOrder.Name, Ascending: true)));
        Assert.Equal(["amber-falcon root", "alpha", "beta"], await NamesAsync(new VolumeQuery(Order: VolumeOrder.Size)));
        Assert.Equal(["alpha"], await NamesAsync(new VolumeQuery(Search: "ALPH")));
        Assert.Equal(
            ["amber-falcon root", "beta"],
            await NamesAsync(new VolumeQuery(Search: machine.Id, Order: VolumeOrder.Name, Ascending: true))
        );
        Assert.Equal(["beta"], await NamesAsync(new VolumeQuery(Status: "attaching")));
        Assert.Equal(["alpha"], await NamesAsync(new VolumeQuery(Tag: "env=test")));
        Assert.Empty(await NamesAsync(new VolumeQuery(Tag: "env=prod")));
        Assert.Equal(
            new Dictionary<string, int>
            {
                ["creating"] = 1,
                ["available"] = 1,
                ["attaching"] = 1,
            },
            await new VolumeQuery().CountAsync(db, actor.AccountId, AnAccount.Now, Ct)
        );
    }

    private static async Task<(int Own, int Changed, int Unattached)> ListedAsync(PortalDb db, string accountId)
    {
        var lines = (await new VolumeQuery().PageAsync(db, accountId, AnAccount.Now, 0, 50, Ct)).Lines;
        return (lines.Count, lines.Count(line => line.Name == "mine"), lines.Count(line => line.InstanceId is null));
    }
}
