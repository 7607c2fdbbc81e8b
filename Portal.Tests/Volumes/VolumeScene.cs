using Microsoft.EntityFrameworkCore;
using Portal.Model.Billing;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Shared;

namespace Portal.Tests.Volumes;

/// <summary>An account's volumes, and a worker whose jobs run when the test says so.</summary>
public abstract class VolumeScene(TestPostgres postgres) : WorkerScene(postgres, Tenant.Epoch)
{
    private protected Tenant Owner { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await using var db = CreateDbContext();
        Owner = await Tenant.AddAsync(db);
    }

    protected async Task<string> RequestVolumeAsync(string? snapshot = null)
    {
        await using var db = CreateDbContext();
        var volume = Owner.AVolume(2, Clock.GetUtcNow(), snapshotId: snapshot);
        db.Volumes.Add(volume);
        await db.SaveChangesAsync(Ct);
        return volume.Id;
    }

    protected async Task ChangeVolumeAsync(string id, Func<Volume, Outcome> request)
    {
        await using var db = CreateDbContext();
        Assert.Null(request(await db.Volumes.SingleAsync(volume => volume.Id == id, Ct)).Reason);
        await db.SaveChangesAsync(Ct);
    }

    protected Task<Volume> VolumeAsync(string id) => ReadAsync(db => db.Volumes.AsNoTracking().SingleAsync(volume => volume.Id == id, Ct));

    protected Task<Incident> IncidentAsync(string id) =>
        ReadAsync(db => db.Incidents.AsNoTracking().SingleAsync(incident => incident.ResourceId == id, Ct));

    protected Task<List<UsageSpan>> SpansAsync(string id) =>
        ReadAsync(db => db.UsageSpans.AsNoTracking().Where(span => span.ResourceId == id).OrderBy(span => span.From).ToListAsync(Ct));

    /// <summary>Advances it alone as the nudges and the sweep would, until nothing is left to do.</summary>
    protected async Task<string> SettleAsync(string id)
    {
        await Settle.AllAsync(
            async () => (await ReadAsync(db => Unfinished.InRegionsAsync(db, Ct))).ConvertAll(one => one.Id).FindAll(one => one == id),
            AdvanceAsync
        );
        return id;
    }
}
