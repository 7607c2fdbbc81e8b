using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

[Trait("Needs", "database")]
public sealed class InstanceQueryTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private Actor ada = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        ada = await AnAccount.ReadyAsync(this);
        var image = await AnAccount.ImageAsync(this);
        await AddAsync(ada, image, "web", ("env", "prod"), ("team", "blue"));
        await AddAsync(ada, image, "db_1", ("env", "test"));
        await AddAsync(ada, image, "db-100%");
        await AddAsync(await AnAccount.ReadyAsync(this), image, "web", ("env", "prod"));
    }

    [Theory]
    [InlineData(null, null, "db-100%,db_1,web")]
    [InlineData("WEB", null, "web")]
    [InlineData("_", null, "db_1")]
    [InlineData("%", null, "db-100%")]
    [InlineData("10.0.0.", null, "db-100%,db_1,web")]
    [InlineData("nothing", null, "")]
    [InlineData(null, "env", "db_1,web")]
    [InlineData(null, "env=prod", "web")]
    [InlineData(null, "env=prod'; DROP TABLE \"Instances\"; --", "")]
    public async Task Search_and_tags_find_what_they_name_in_ones_own_account(string? search, string? tag, string names) =>
        Assert.Equal(names, await NamesAsync(new InstanceQuery(search, Tag: tag, Order: InstanceOrder.Name, Ascending: true)));

    [Fact]
    public async Task A_state_is_filtered_as_it_is_shown()
    {
        await new ChangeInstance(this, TimeProvider.System).RunAsync(ada, InstanceAction.Terminate, await IdAsync("web"), Ct);
        Assert.Equal("web", await NamesAsync(new InstanceQuery(Status: "shutting-down")));
        await using var db = CreateDbContext();
        Assert.Equal(
            new Dictionary<string, int> { ["pending"] = 2, ["shutting-down"] = 1 },
            await new InstanceQuery().CountAsync(db, ada.AccountId, AnAccount.Now, Ct)
        );
    }

    [Fact]
    public async Task What_was_terminated_is_in_sight_for_an_hour()
    {
        await using var db = CreateDbContext();
        (await db.Instances.SingleAsync(instance => instance.AccountId == ada.AccountId && instance.Name == "web", Ct)).ObserveRemoved(
            AnAccount.Now
        );
        await db.SaveChangesAsync(Ct);
        Assert.Equal(3, (await new InstanceQuery().PageAsync(db, ada.AccountId, AnAccount.Now.AddMinutes(59), 0, 10, Ct)).Total);
        Assert.Equal(2, (await new InstanceQuery().PageAsync(db, ada.AccountId, AnAccount.Now.AddMinutes(61), 0, 10, Ct)).Total);
    }

    [Fact]
    public async Task A_window_is_a_window_and_the_total_is_the_total()
    {
        await using var db = CreateDbContext();
        var (lines, total) = await new InstanceQuery(Order: InstanceOrder.Name, Ascending: true).PageAsync(
            db,
            ada.AccountId,
            AnAccount.Now,
            1,
            1,
            Ct
        );
        Assert.Equal((3, "db_1"), (total, Assert.Single(lines).Name));
    }

    private async Task<string> NamesAsync(InstanceQuery query)
    {
        await using var db = CreateDbContext();
        return string.Join(',', (await query.PageAsync(db, ada.AccountId, AnAccount.Now, 0, 10, Ct)).Lines.Select(line => line.Name));
    }

    private async Task<string> IdAsync(string name)
    {
        await using var db = CreateDbContext();
        return (await db.Instances.SingleAsync(instance => instance.AccountId == ada.AccountId && instance.Name == name, Ct)).Id;
    }

    private async Task AddAsync(Actor actor, Image image, string name, params (string Key, string Value)[] tags)
    {
        var wish = AnAccount.Wish(image) with { Name = name, Tags = tags.ToDictionary(tag => tag.Key, tag => tag.Value) };
        Assert.Null((await new CreateInstance(this, TimeProvider.System).RunAsync(actor, wish, Ct)).Reason);
    }
}
