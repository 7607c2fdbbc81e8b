using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>How much of what somebody asked for is in the database, as whoever has to tell him knows it.</summary>
[Trait("Needs", "database")]
public sealed class AttemptTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_only_read_or_taken_back_changed_nothing()
    {
        var attempt = Attempt.Begin();
        await using var db = CreateDbContext();
        Assert.Empty(await db.Accounts.ToListAsync(Ct));
        Assert.Equal(0, await db.Accounts.ExecuteUpdateAsync(set => set.SetProperty(account => account.Name, "x"), Ct));
        await using (await db.Database.BeginTransactionAsync(Ct))
        {
            await Tenant.AddAsync(db);
        }

        Assert.Equal(Saved.Nothing, attempt.Saved);
    }

    [Fact]
    public async Task What_is_committed_is_saved_also_for_what_it_was_a_part_of()
    {
        var whole = Attempt.Begin();
        await PartAsync();
        Assert.Equal(Saved.Some, whole.Saved);

        async Task PartAsync()
        {
            var part = Attempt.Begin();
            await using var db = CreateDbContext();
            await using var transaction = await db.Database.BeginTransactionAsync(Ct);
            await Tenant.AddAsync(db);
            Assert.Equal(Saved.Nothing, part.Saved);
            await transaction.CommitAsync(Ct);
            Assert.Equal(Saved.Some, part.Saved);
        }
    }

    [Fact]
    public async Task A_statement_that_is_its_own_transaction_counts_too_and_what_nobody_asked_for_does_not()
    {
        await using var db = CreateDbContext();
        await Tenant.AddAsync(db);
        var attempt = Attempt.Begin();
        await TouchAsync();
        Assert.Equal(Saved.Nothing, attempt.Saved);
        await db.Accounts.ExecuteUpdateAsync(set => set.SetProperty(account => account.Name, "y"), Ct);
        Assert.Equal(Saved.Some, attempt.Saved);

        async Task TouchAsync()
        {
            Attempt.Leave();
            await db.Accounts.ExecuteUpdateAsync(set => set.SetProperty(account => account.Name, "x"), Ct);
        }
    }
}
