using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Portal.Model.Accounts;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Billing;

/// <summary>Accounts that are suspended for what they owe, or by an operator.</summary>
[Trait("Needs", "database")]
public sealed class TrustSuspensionTests(TestPostgres postgres) : TrustScene(postgres)
{
    [Fact]
    public async Task A_fifth_above_the_limit_the_account_is_suspended_and_a_higher_step_lifts_that()
    {
        var actor = await ANewAccountAsync();
        await SpendAsync(actor, 59.99m);
        await SweepAsync();
        Assert.Null((await AccountAsync(actor)).SuspendedAt);
        await SpendAsync(actor, 0.01m);
        await SweepAgainAsync();
        await SweepAgainAsync();
        Assert.Equal(
            (SuspensionReason.Unpaid, Clock.GetUtcNow().AddMinutes(-1)),
            ((await AccountAsync(actor)).SuspendedFor, (await AccountAsync(actor)).SuspendedAt)
        );
        Assert.Equal(["Your limit is reached", "Your Portal account is suspended"], await MailsAsync());
        Assert.Equal(CreateRule.SuspendedUnpaid, await WhyAsync(actor));
        Assert.StartsWith(
            "It has used $60.00 that is not paid, its limit is $50.00",
            (await Operators.ResumeAsync(await OperatorAsync(), actor.AccountId, Ct)).Reason,
            StringComparison.Ordinal
        );

        await Operators.StepAsync(await OperatorAsync(), actor.AccountId, 1, Ct);
        await SweepAgainAsync();
        Assert.Null((await AccountAsync(actor)).SuspendedAt);
        Assert.Contains("Your Portal account is active again", await MailsAsync());
    }

    [Fact]
    public async Task What_an_operator_suspended_is_not_lifted_by_itself()
    {
        var actor = await ANewAccountAsync();
        await SpendAsync(actor, 70);
        await SweepAsync();
        Assert.True(
            (await Operators.SuspendAsync(await OperatorAsync(), actor.AccountId, SuspensionReason.Fraud, "three stolen cards", Ct)).IsDone
        );
        await Operators.StepAsync(await OperatorAsync(), actor.AccountId, 3, Ct);
        await SweepAgainAsync();
        Assert.Equal(SuspensionReason.Fraud, (await AccountAsync(actor)).SuspendedFor);
    }

    [Fact]
    public async Task Suspending_ends_sessions_is_told_twice_and_done_once()
    {
        var (actor, keeper) = (await ANewAccountAsync(), await OperatorAsync());
        Assert.Equal(
            "Write down why, for the other operators.",
            (await Operators.SuspendAsync(keeper, actor.AccountId, SuspensionReason.Operator, " ", Ct)).Reason
        );
        var twice = await Task.WhenAll(
            Enumerable
                .Range(0, 2)
                .Select(_ => Task.Run(() => Operators.SuspendAsync(keeper, actor.AccountId, SuspensionReason.Operator, "mines coins", Ct)))
        );
        Assert.Equal(["It is suspended already.", null], twice.Select(outcome => outcome.Reason).OrderDescending(StringComparer.Ordinal));

        await using var after = CreateDbContext();
        Assert.Equal(Clock.GetUtcNow(), (await AccountAsync(actor)).SessionsEndedAt);
        var told = (await after.AuditEntries.Where(entry => entry.Action == "SuspendAccount").ToListAsync(Ct))
            .OrderBy(entry => entry.Who, StringComparer.Ordinal)
            .ToList();
        Assert.Equal([(keeper.AccountId, keeper.Email), (actor.AccountId, "portal")], told.Select(entry => (entry.AccountId, entry.Who)));
        Assert.Contains("mines coins", told[0].Person?.After, StringComparison.Ordinal);
        Assert.DoesNotContain("mines coins", told[0].After, StringComparison.Ordinal);
        Assert.DoesNotContain("mines coins", told[1].After, StringComparison.Ordinal);
        Assert.True((await Operators.ResumeAsync(keeper, actor.AccountId, Ct)).IsDone);
        Assert.Null((await AccountAsync(actor)).SuspendedFor);
    }

    [Fact]
    public async Task An_operators_account_and_one_that_closes_are_not_suspended()
    {
        var (keeper, closing) = (await OperatorAsync(), await ANewAccountAsync());
        await using (var db = CreateDbContext())
        {
            (await db.Accounts.SingleAsync(account => account.Id == closing.AccountId, Ct)).RequestClose(null, AnAccount.Now);
            await db.SaveChangesAsync(Ct);
        }

        Assert.StartsWith(
            "An operator of Portal signs in",
            (await Operators.SuspendAsync(keeper, keeper.AccountId, SuspensionReason.Fraud, "x", Ct)).Reason,
            StringComparison.Ordinal
        );
        Assert.Equal(
            "This account is closing already.",
            (await Operators.SuspendAsync(keeper, closing.AccountId, SuspensionReason.Fraud, "x", Ct)).Reason
        );
        Assert.Equal(
            "There is no such account.",
            (await Operators.SuspendAsync(keeper, "acc-none", SuspensionReason.Fraud, "x", Ct)).Reason
        );
    }
}
