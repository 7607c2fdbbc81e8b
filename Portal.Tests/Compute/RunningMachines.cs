using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Networking;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>Instances that run, in the database and in the engine.</summary>
public static class RunningMachines
{
    /// <summary>
    /// Without a worker, where none runs. For an account as signing up makes it: gives it a card, makes an image available, creates an
    /// instance and starts it. Its id.
    /// </summary>
    public static async Task<string> AddAsync(
        IDbContextFactory<PortalDb> dbs,
        InMemoryEngine? engine,
        Actor actor,
        string name = "amber-falcon"
    )
    {
        var id = await CreateAsync(dbs, actor, name);
        await using var db = await dbs.CreateDbContextAsync();
        var instance = await db.Instances.WithParts().SingleAsync(instance => instance.Id == id);
        var now = TimeProvider.System.GetUtcNow();
        if (engine is not null)
        {
            var spec = instance.Spec(now);
            await engine.EnsureNetworkAsync(ANetwork.Of(spec), CancellationToken.None);
            await engine.EnsureVolumeAsync(spec.Volumes.Single().Volume, CancellationToken.None);
            await engine.EnsureMachineAsync(spec, CancellationToken.None);
        }

        var root = instance.Volumes.Single();
        root.ObserveMade(root.SizeGiB);
        root.ObserveAttached(now);
        await VolumeMeter.RecordAsync(db, root, now, CancellationToken.None);
        instance.ObserveStep(InstanceStep.Address, now);
        instance.ObserveStep(InstanceStep.Disk, now);
        instance.Observe(
            new MachineObservation(
                MachinePower.Running,
                0,
                SshAnswers: true,
                AnAccount.Ed25519,
                Problem: null,
                AgentAnswers: engine?.AgentsAnswer ?? true
            ),
            now
        );
        await InstanceMeter.RecordAsync(db, instance, now, CancellationToken.None);
        await db.SaveChangesAsync();
        return id;
    }

    /// <summary>The same where a worker runs: its next sweep finds it and makes it.</summary>
    public static async Task<string> AddByWorkerAsync(IDbContextFactory<PortalDb> dbs, Actor actor, string name = "amber-falcon")
    {
        var id = await CreateAsync(dbs, actor, name);
        Instance? seen = null;
        await Until.TrueAsync(
            async () =>
            {
                await using var db = await dbs.CreateDbContextAsync();
                seen = await db.Instances.AsNoTracking().SingleAsync(instance => instance.Id == id);
                return seen.State is InstanceState.Running;
            },
            TimeSpan.FromSeconds(60),
            () => $"It is {seen?.State}."
        );
        return id;
    }

    /// <summary>A card for the account and an image that can be started; the image.</summary>
    public static async Task<Image> ReadyToCreateAsync(IDbContextFactory<PortalDb> dbs, string accountId)
    {
        await using var db = await dbs.CreateDbContextAsync();
        if (!await db.Cards.AnyAsync(card => card.AccountId == accountId))
        {
            db.Cards.Add(AnAccount.ACard(accountId));
        }

        await db.SaveChangesAsync();

        // A worker may be looking at the images at this moment.
        var tiny = db.Images.Where(image => image.FileName == "tiny.qcow2");
        await tiny.ExecuteUpdateAsync(image => image.SetProperty(row => row.State, ImageState.Available));
        return await tiny.SingleAsync();
    }

    private static async Task<string> CreateAsync(IDbContextFactory<PortalDb> dbs, Actor actor, string name)
    {
        var image = await ReadyToCreateAsync(dbs, actor.AccountId);
        var made = await new CreateInstance(dbs, TimeProvider.System).RunAsync(
            actor,
            AnAccount.Wish(image) with
            {
                Name = name,
            },
            CancellationToken.None
        );
        return (made.Value ?? throw new InvalidOperationException(made.Reason))[0].Id;
    }
}
