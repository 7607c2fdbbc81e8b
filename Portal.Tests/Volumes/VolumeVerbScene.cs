using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Volumes;

/// <summary>Customers, and what they ask for of volumes.</summary>
public abstract class VolumeVerbScene(TestPostgres postgres) : TestDatabase(postgres)
{
    protected static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    protected FakeTimeProvider Clock { get; } = new(AnAccount.Now);

    protected CreateVolume Create => new(this, Clock);

    protected ChangeVolume Change => new(this, Clock);

    protected static NewVolume Wish(int size = 8) =>
        new()
        {
            Name = "data",
            SizeGiB = size,
            RequestToken = Guid.NewGuid().ToString("N"),
        };

    protected static Volume Done(Outcome<Volume> outcome)
    {
        Assert.Null(outcome.Reason);
        return outcome.Value!;
    }

    protected async Task MadeAsync(string id)
    {
        await using var db = CreateDbContext();
        var volume = await db.Volumes.SingleAsync(volume => volume.Id == id, Ct);
        volume.ObserveMade(volume.SizeGiB);
        await db.SaveChangesAsync(Ct);
    }
}
