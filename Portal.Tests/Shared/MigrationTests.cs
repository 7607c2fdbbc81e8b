using Microsoft.EntityFrameworkCore;

namespace Portal.Tests.Shared;

[Trait("Needs", "database")]
public sealed class MigrationTests(TestPostgres postgres) : TestDatabase(postgres)
{
    [Fact]
    public async Task The_migrations_lead_to_the_model_as_it_is()
    {
        await using var db = CreateDbContext();
        Assert.False(db.Database.HasPendingModelChanges(), "The model has changed: run bin/migration.");
        Assert.NotEmpty(await db.InstanceSizes.ToListAsync(TestContext.Current.CancellationToken));
    }
}
