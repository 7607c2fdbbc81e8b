using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

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

    [Fact]
    public async Task The_compiled_model_is_the_model_as_it_is()
    {
        await using var db = CreateDbContext();
        var made = db.GetService<IDesignTimeModel>().Model;
        Assert.NotSame(made, db.Model);
        Assert.Equal(Told(made), Told(db.Model));

        // What raw queries of other tests return has joined the model of this process, after what the classes say.
        static string Told(IReadOnlyModel model) =>
            model.ToDebugString(MetadataDebugStringOptions.ShortDefault).Split("  Ad-hoc entity types:")[0].TrimEnd();
    }
}
