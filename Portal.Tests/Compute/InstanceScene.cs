using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>An account's instances, and a worker whose jobs run when the test says so.</summary>
public abstract class InstanceScene(TestPostgres postgres) : WorkerScene(postgres, Tenant.Epoch)
{
    protected static readonly string[] Verbs =
    [
        nameof(INetworkEngine.EnsureNetworkAsync),
        nameof(IVolumeEngine.EnsureVolumeAsync),
        nameof(IComputeEngine.EnsureMachineAsync),
        nameof(IComputeEngine.ObserveAsync),
        nameof(IComputeEngine.RemoveAsync),
        nameof(INetworkEngine.RemoveNetworkAsync),
        nameof(IVolumeEngine.RemoveVolumeAsync),
    ];

    private protected Tenant Owner { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await using var db = CreateDbContext();
        Owner = await Tenant.AddAsync(db);
    }

    protected async Task<string> RequestAsync()
    {
        await using var db = CreateDbContext();
        return (await Owner.RequestAsync(db, Clock.GetUtcNow())).Id;
    }

    /// <summary>Advances as the nudges and the sweep would, until nothing is left to do.</summary>
    protected async Task<string> SettleAsync(string id)
    {
        for (var round = 0; round < 20 && (await LoadAsync(id)).IsUnsettled; round++)
        {
            await AdvanceAsync(id);
        }

        Assert.False((await LoadAsync(id)).IsUnsettled, $"{id} did not settle.");
        await SettleVolumesAsync();
        return id;
    }

    protected async Task SettleVolumesAsync()
    {
        for (var round = 0; round < 20; round++)
        {
            await using var db = CreateDbContext();
            var left = (await db.Volumes.AsNoTracking().ToListAsync()).Where(volume => volume.IsUnsettled).ToList();
            if (left.Count == 0)
            {
                return;
            }

            foreach (var volume in left)
            {
                await Get<IVolumeJob>().AdvanceAsync(volume.Id, Ct);
            }
        }

        Assert.Fail("The volumes did not settle.");
    }

    protected async Task ChangeAsync(string id, Func<Instance, Outcome> request)
    {
        await using var db = CreateDbContext();
        Assert.Null(request(await db.Instances.WithParts().SingleAsync(instance => instance.Id == id)).Reason);
        await db.SaveChangesAsync();
    }

    protected async Task<Instance> LoadAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db.Instances.AsNoTracking().SingleAsync(instance => instance.Id == id);
    }

    /// <summary>Those of the instance and of disks; in these tests there are no others.</summary>
    protected async Task<List<UsageSpan>> SpansAsync(string id)
    {
        await using var db = CreateDbContext();
        return await db
            .UsageSpans.AsNoTracking()
            .Where(span => span.ResourceId == id || span.ResourceId.StartsWith("vol-"))
            .OrderBy(span => span.From)
            .ToListAsync();
    }
}
