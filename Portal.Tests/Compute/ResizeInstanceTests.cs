using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

[Trait("Needs", "database")]
public sealed class ResizeInstanceTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new(AnAccount.Now);

    private ResizeInstance Resize => new(this, clock);

    [Fact]
    public async Task A_stopped_instance_gets_processors_and_memory_and_keeps_its_disk()
    {
        var (actor, id) = await AStoppedInstanceAsync();
        Assert.Null((await Resize.RunAsync(actor, id, "t1.medium", Ct)).Reason);
        Assert.Null((await Resize.RunAsync(actor, id, "t1.medium", Ct)).Reason);
        await using var db = CreateDbContext();
        var instance = await db.Instances.Include(one => one.Volumes).SingleAsync(Ct);
        Assert.Equal(("t1.medium", 2, 4096, 4), (instance.SizeId, instance.Vcpus, instance.MemoryMiB, instance.Volumes.Single().SizeGiB));
        var entry = await db.AuditEntries.SingleAsync(row => row.Action == "ModifyInstanceAttribute", Ct);
        Assert.Equal(("""{"Size": "t1.nano"}""", """{"Size": "t1.medium"}"""), (entry.Before, entry.After));
    }

    [Fact]
    public async Task One_that_runs_is_refused()
    {
        var (actor, id) = await AnInstanceAsync();
        await ObserveAsync(MachinePower.Running);
        Assert.Equal("Stop the instance to resize it; it is running.", (await Resize.RunAsync(actor, id, "t1.small", Ct)).Reason);
    }

    [Fact]
    public async Task Quota_room_and_image_are_asked_as_for_a_new_one()
    {
        var (actor, id) = await AStoppedInstanceAsync(minMemoryMiB: 512);
        await using (var db = CreateDbContext())
        {
            await db
                .Accounts.Where(account => account.Id == actor.AccountId)
                .ExecuteUpdateAsync(account => account.SetProperty(one => one.VcpuLimit, 1), Ct);
        }

        Assert.StartsWith("Your quota is 1 vCPU", (await Resize.RunAsync(actor, id, "t1.medium", Ct)).Reason, StringComparison.Ordinal);
        Assert.Equal("There is no such size.", (await Resize.RunAsync(actor, id, "t9.huge", Ct)).Reason);
        await using (var db = CreateDbContext())
        {
            await db.Regions.ExecuteUpdateAsync(
                region =>
                    region
                        .SetProperty(one => one.SeenAt, AnAccount.Now)
                        .SetProperty(one => one.FreeVcpus, 4)
                        .SetProperty(one => one.FreeMemoryMiB, 1024),
                Ct
            );
            await db.Images.ExecuteUpdateAsync(image => image.SetProperty(one => one.MinMemoryMiB, 1024), Ct);
        }

        Assert.Equal("There is no room for a t1.small at the moment.", (await Resize.RunAsync(actor, id, "t1.small", Ct)).Reason);
        Assert.Null((await Resize.RunAsync(actor, id, "t1.micro", Ct)).Reason);
        Assert.Equal("Tiny needs 1024 MiB of memory; t1.nano has 512.", (await Resize.RunAsync(actor, id, "t1.nano", Ct)).Reason);
    }

    [Fact]
    public async Task What_it_would_have_more_of_must_be_free_as_a_whole_for_it_holds_nothing_while_it_is_stopped()
    {
        var (actor, id) = await AStoppedInstanceAsync();
        await using (var db = CreateDbContext())
        {
            // 512 MiB more than it has would be there; the 1,024 that its next start takes are not.
            await db.Regions.ExecuteUpdateAsync(
                region =>
                    region
                        .SetProperty(one => one.SeenAt, AnAccount.Now)
                        .SetProperty(one => one.FreeVcpus, 4)
                        .SetProperty(one => one.FreeMemoryMiB, 1023),
                Ct
            );
        }

        Assert.Equal("There is no room for a t1.micro at the moment.", (await Resize.RunAsync(actor, id, "t1.micro", Ct)).Reason);
    }

    [Fact]
    public async Task A_strangers_instance_is_not_there()
    {
        var (_, id) = await AStoppedInstanceAsync();
        Assert.Equal("There is no such instance.", (await Resize.RunAsync(await AnAccount.ReadyAsync(this), id, "t1.small", Ct)).Reason);
    }

    private async Task<(Actor Actor, string Id)> AStoppedInstanceAsync(int minMemoryMiB = 128)
    {
        var (actor, id) = await AnInstanceAsync(minMemoryMiB);
        await ObserveAsync(MachinePower.Running);
        await new ChangeInstance(this, clock).RunAsync(actor, InstanceAction.Stop, id, Ct);
        await ObserveAsync(MachinePower.Off);
        return (actor, id);
    }

    private async Task<(Actor Actor, string Id)> AnInstanceAsync(int minMemoryMiB = 128)
    {
        var actor = await AnAccount.ReadyAsync(this);
        var made = await new CreateInstance(this, clock).RunAsync(
            actor,
            AnAccount.Wish(await AnAccount.ImageAsync(this, minMemoryMiB: minMemoryMiB)),
            Ct
        );
        return (actor, made.Value![0].Id);
    }

    private async Task ObserveAsync(MachinePower power)
    {
        await using var db = CreateDbContext();
        (await db.Instances.SingleAsync(Ct)).Observe(new MachineObservation(power, 0, SshAnswers: true, null, null), AnAccount.Now);
        await db.SaveChangesAsync(Ct);
    }
}
