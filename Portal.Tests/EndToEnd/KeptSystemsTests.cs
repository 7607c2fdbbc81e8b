using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Volumes;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.EndToEnd;

/// <summary>Backups and images of machines that run, by the whole worker on the real engine.</summary>
[Collection(EngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class KeptSystemsTests(TestPostgres postgres, TestEngine engine) : TestDatabase(postgres)
{
    /// <summary>Boots are slow under emulation, and the machine may have other work.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Not the region's usual ports: another engine on this machine may have them.</summary>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await using var db = CreateDbContext();
        var port = TestCeph.FreeRange(10);
        await db.Regions.ExecuteUpdateAsync(
            region => region.SetProperty(row => row.FirstPublicPort, port).SetProperty(row => row.LastPublicPort, port + 9),
            Ct
        );
    }

    [Fact]
    public async Task A_running_machine_is_backed_up_at_its_slots_the_newest_is_kept_and_holds_what_the_guest_had_written()
    {
        var ada = await AnAccount.ReadyAsync(this);
        await using var worker = await WorkerServer.StartAsync(ConnectionString, settings: ("Engine:Folder", engine.Folder));
        var machine = await RunAsync(ada, AnAccount.Wish(await TinyAsync()));
        var root = machine.Volumes.Single(volume => volume.IsRoot).Volume.Id;
        Assert.Null(
            (await new BackupSchedules(this, TimeProvider.System).SetAsync(ada, root, BackupWish.Default with { Keep = 1 }, Ct)).Reason
        );
        await engine.SshAsync(machine, "echo first > /root/work; sync");
        var first = await BackUpAsync(slotsAgo: 2);
        await engine.SshAsync(machine, "echo second > /root/work; sync");
        var second = await BackUpAsync(slotsAgo: 1);
        await Until.TrueAsync(
            async () =>
                (await engine.Engine.ListSnapshotsAsync(Ct)).Contains(second)
                && !(await engine.Engine.ListSnapshotsAsync(Ct)).Contains(first),
            Patience
        );

        var restored = await RunAsync(ada, AnAccount.Wish(await TinyAsync()) with { SnapshotId = second });
        Assert.Equal("second", await engine.SshAsync(restored, "cat /root/work"));
        await TerminateAsync(ada, machine.Id, restored.Id);
    }

    [Fact]
    public async Task An_image_of_a_running_machine_holds_its_bytes_and_can_go_before_and_after_what_began_as_it()
    {
        var ada = await AnAccount.ReadyAsync(this);
        await using var worker = await WorkerServer.StartAsync(ConnectionString, settings: ("Engine:Folder", engine.Folder));
        var machine = await RunAsync(ada, AnAccount.Wish(await TinyAsync()));
        var written = await engine.SshAsync(
            machine,
            "dd if=/dev/urandom of=/root/work bs=1M count=8 2> /dev/null; sync; sha256sum /root/work"
        );
        var made = await new CreateImage(this, new CreateSnapshot(this, TimeProvider.System), TimeProvider.System).RunAsync(
            ada,
            new NewPrivateImage(machine.Id, "golden", "", "golden"),
            Ct
        );
        Assert.Null(made.Reason);
        await using var db = CreateDbContext();
        await Until.TrueAsync(
            () => db.Snapshots.AnyAsync(snapshot => snapshot.Id == made.Value!.SnapshotId && snapshot.State == SnapshotState.Completed, Ct),
            Patience
        );
        await engine.SshAsync(machine, "rm /root/work; sync");
        await TerminateAsync(ada, machine.Id);

        var clone = await RunAsync(ada, AnAccount.Wish(await TinyAsync()) with { ImageId = made.Value!.Id });
        Assert.Equal(written, await engine.SshAsync(clone, "sha256sum /root/work"));
        Assert.Null((await new ChangeImage(this, TimeProvider.System).DeleteAsync(ada, made.Value.Id, Ct)).Outcome.Reason);
        await Until.TrueAsync(async () => !(await engine.Engine.ListSnapshotsAsync(Ct)).Contains(made.Value.SnapshotId), Patience);
        Assert.Equal(written, await engine.SshAsync(clone, "echo 3 > /proc/sys/vm/drop_caches; sha256sum /root/work"));
        await TerminateAsync(ada, clone.Id);
    }

    /// <summary>Puts the slot into the past and waits until the worker has done what it does then; the snapshot.</summary>
    /// <param name="slotsAgo">Each slot has one backup: another one is another day's.</param>
    private async Task<string> BackUpAsync(int slotsAgo)
    {
        await using var db = CreateDbContext();
        var hour = TimeProvider.System.GetUtcNow().AddHours(-slotsAgo).Hour;
        var before = (await db.BackupSchedules.AsNoTracking().SingleAsync(Ct)).LastAt;
        await db.BackupSchedules.ExecuteUpdateAsync(
            schedule =>
                schedule.SetProperty(row => row.Hour, hour).SetProperty(row => row.NextAt, TimeProvider.System.GetUtcNow().AddMinutes(-1)),
            Ct
        );
        await Until.TrueAsync(
            () => db.BackupSchedules.AnyAsync(schedule => schedule.LastAt != before && schedule.SnapshotId == null, Ct),
            Patience
        );
        return (
            await db
                .Snapshots.AsNoTracking()
                .Where(snapshot => snapshot.ScheduleId != null)
                .OrderByDescending(snapshot => snapshot.CreatedAt)
                .FirstAsync(Ct)
        ).Id;
    }

    private async Task<Image> TinyAsync()
    {
        await using var db = CreateDbContext();
        await Until.TrueAsync(
            () => db.Images.AnyAsync(image => image.FileName == "tiny.qcow2" && image.State == ImageState.Available, Ct),
            Patience
        );
        return await db.Images.AsNoTracking().SingleAsync(image => image.FileName == "tiny.qcow2", Ct);
    }

    /// <summary>One more machine, running, and reachable by ssh.</summary>
    private async Task<InstanceSpec> RunAsync(Actor owner, NewInstances wish)
    {
        var made = await new CreateInstance(this, TimeProvider.System).RunAsync(owner, wish with { PublicKey = engine.PublicKey }, Ct);
        Assert.Null(made.Reason);
        await using var db = CreateDbContext();
        var id = made.Value![0].Id;
        await Until.TrueAsync(
            () =>
                db.Instances.AnyAsync(
                    instance => instance.Id == id && instance.State == InstanceState.Running && instance.SshAt != null,
                    Ct
                ),
            Patience
        );
        return (await db.Instances.AsNoTracking().WithParts().SingleAsync(instance => instance.Id == id, Ct)).Spec(
            TimeProvider.System.GetUtcNow()
        );
    }

    private async Task TerminateAsync(Actor owner, params string[] ids)
    {
        foreach (var id in ids)
        {
            Assert.Null(
                (await new ChangeInstance(this, TimeProvider.System).RunAsync(owner, InstanceAction.Terminate, id, Ct)).Outcome.Reason
            );
        }

        await using var db = CreateDbContext();
        await Until.TrueAsync(async () => !await db.Volumes.AnyAsync(volume => volume.State != VolumeState.Deleted, Ct), Patience);
    }
}
