using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Operators;
using Portal.Tests.Billing;
using Portal.Tests.Shared;
using Portal.Worker.Billing;

namespace Portal.Tests.Operators;

/// <summary>
/// Between a restore and an operator's word that it was reconciled: nobody is asked for money, and nobody ever will be for that time.
/// </summary>
[Trait("Needs", "database")]
public sealed class RestorationTests(TestPostgres postgres) : CardScene(postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_card_is_asked_for_anything_until_it_was_reconciled()
    {
        var (setup, left) = (await EnterAsync("4242424242424242"), await AddAsync("5555555555554444"));
        await Change.RemoveAsync(Actor, left.PaymentMethodId!, Ct);
        await RestoreAsync(Clock.GetUtcNow());
        Assert.Equal(Restoration.NoCards, (await Add.BeginAsync(Actor, Origin, null, null, Ct)).Reason);
        await SetupJob().ApplyAsync(setup.Id, Ct);
        await DetachAsync();
        Assert.Equal((CardSetupState.Open, 1), ((await ReloadAsync(setup)).State, (await IntentsAsync()).Count));
        Assert.NotNull((await Stripe.V1.PaymentMethods.GetAsync(left.PaymentMethodId, cancellationToken: Ct)).CustomerId);

        await ReconcileAsync();
        await SetupJob().ApplyAsync(setup.Id, Ct);
        await DetachAsync();
        Assert.Equal((CardSetupState.Succeeded, 2), ((await ReloadAsync(setup)).State, (await IntentsAsync()).Count));
        Assert.Null((await Stripe.V1.PaymentMethods.GetAsync(left.PaymentMethodId, cancellationToken: Ct)).CustomerId);
    }

    [Fact]
    public async Task What_was_used_between_the_backup_and_the_reconciliation_costs_nothing_and_what_goes_on_costs_from_then_on()
    {
        var begun = Clock.GetUtcNow();
        await SpanAsync("i-done", begun, begun.AddHours(1));
        await SpanAsync("i-stopped-meanwhile", begun, null);
        await SpanAsync("i-goes-on", begun, null);
        Clock.Advance(TimeSpan.FromHours(2));
        var taken = Clock.GetUtcNow();
        Clock.Advance(TimeSpan.FromHours(5));
        await RestoreAsync(taken);
        await RestoreAsync(taken);

        await SpanAsync("i-made-meanwhile", Clock.GetUtcNow(), Clock.GetUtcNow().AddHours(1));
        await EndAsync("i-stopped-meanwhile", Clock.GetUtcNow().AddHours(1));
        Clock.Advance(TimeSpan.FromHours(5));
        await ReconcileAsync();
        Clock.Advance(TimeSpan.FromHours(1));
        await SpanAsync("i-made-later", Clock.GetUtcNow().AddHours(-1), Clock.GetUtcNow());
        Assert.Equal([("i-done", 1m), ("i-goes-on", 3m), ("i-made-later", 1m), ("i-stopped-meanwhile", 2m)], await HoursAsync(begun));
    }

    [Fact]
    public async Task Nobody_is_held_to_what_is_unpaid_until_it_was_reconciled()
    {
        await SpanAsync("i-dear", Clock.GetUtcNow().AddHours(-1), null, quantity: 100_000);
        await RestoreAsync(Clock.GetUtcNow());
        var sweep = new TrustSweep(
            AsWorker,
            new TrustPatrol(AsWorker, new PriceList(AsWorker, Clock), Clock),
            new ConfigurationBuilder().Build(),
            Clock,
            NullLogger<TrustSweep>.Instance
        );
        await sweep.SweepAsync(Ct);
        await using var db = CreateDbContext();
        Assert.False(await db.Set<UnpaidUse>().AnyAsync(Ct));
        await ReconcileAsync();
        await sweep.SweepAsync(Ct);
        Assert.True(await db.Set<UnpaidUse>().AnyAsync(Ct));
    }

    [Fact]
    public async Task That_it_was_reconciled_is_audited_and_said_once()
    {
        await RestoreAsync(Clock.GetUtcNow());
        var (actor, reconciliation) = (
            await AnOperator.AddAsync(this, OperatorRole.Admin, Clock.GetUtcNow()),
            new Reconciliation(this, Clock)
        );
        Assert.True((await reconciliation.RunAsync(actor, Ct)).IsDone);
        Assert.True((await reconciliation.RunAsync(actor, Ct)).IsDone);
        await using var db = CreateDbContext();
        Assert.Equal(
            ["Reconcile"],
            await db.AuditEntries.Where(entry => entry.AccountId == actor.AccountId).Select(entry => entry.Action).ToListAsync(Ct)
        );
        Assert.False(await db.IsUnreconciledAsync(Ct));
    }

    [Fact]
    public async Task Who_was_signed_in_when_the_backup_was_made_is_not_after_it_was_restored()
    {
        await AnOperator.AddAsync(this, OperatorRole.Support, Clock.GetUtcNow());
        await RestoreAsync(Clock.GetUtcNow());
        await using var db = CreateDbContext();
        Assert.Equal([Clock.GetUtcNow()], await db.Sessions.Select(session => session.RevokedAt!.Value).ToListAsync(Ct));
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("2999-01-01T00:00:00Z")]
    public async Task A_time_at_which_no_backup_can_have_been_made_is_refused_with_a_sentence(string time)
    {
        await using var services = TestPostgres.ServicesOf(ConnectionString, TestPostgres.KeyRingFile);
        using var errors = new StringWriter();
        Assert.Equal(1, await Commands.RestoredAsync(services, time, errors, Ct));
        Assert.StartsWith($"“{time}” is not when a backup was made", errors.ToString(), StringComparison.Ordinal);
    }

    private async Task RestoreAsync(DateTimeOffset taken)
    {
        await using var db = CreateDbContext();
        await Restoration.BeginAsync(db, taken, Clock.GetUtcNow(), Ct);
    }

    private async Task ReconcileAsync() =>
        Assert.Null(
            (
                await new Reconciliation(AsWeb, Clock).RunAsync(await AnOperator.AddAsync(this, OperatorRole.Admin, Clock.GetUtcNow()), Ct)
            ).Reason
        );

    private async Task SpanAsync(string id, DateTimeOffset from, DateTimeOffset? to, decimal quantity = 1)
    {
        await using var db = CreateDbContext();
        db.UsageSpans.Add(
            new UsageSpan
            {
                AccountId = Actor.AccountId,
                ResourceId = id,
                ResourceName = id,
                Sku = Skus.Disk,
                Quantity = quantity,
                From = from,
                To = to,
            }
        );
        await db.SaveChangesAsync(Ct);
    }

    private async Task EndAsync(string id, DateTimeOffset at)
    {
        await using var db = CreateDbContext();
        await db
            .UsageSpans.Where(span => span.ResourceId == id && span.To == null)
            .ExecuteUpdateAsync(set => set.SetProperty(span => span.To, at), Ct);
    }

    /// <summary>What the bill counts of each, of all that costs something.</summary>
    private async Task<List<(string Id, decimal Hours)>> HoursAsync(DateTimeOffset from)
    {
        await using var db = CreateDbContext();
        var rated = Rating.Rate(await db.UsageSpans.ToListAsync(Ct), await db.Prices.ToListAsync(Ct), from, Clock.GetUtcNow());
        return [.. rated.Lines.Where(line => line.UnitHours > 0).Select(line => (line.ResourceId, line.UnitHours))];
    }
}
