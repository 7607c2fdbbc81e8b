using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Operators;
using Portal.Tests.Shared;
using Portal.Worker.Engines;
using Portal.Worker.Engines.Libvirt;
using Portal.Worker.Operators;

namespace Portal.Tests.Networking;

/// <summary>Mail to other servers: nobody's until an operator allows it.</summary>
[Trait("Needs", "database")]
public sealed class OutboundMailTests(TestPostgres postgres) : NetworkScene(postgres)
{
    private OutboundMail Mail => new(this, Clock);

    [Fact]
    public async Task An_operator_lets_an_account_deliver_mail_and_takes_that_back_and_its_networks_follow()
    {
        var keeper = await AnOperator.AddAsync(this, OperatorRole.Infrastructure, Clock.GetUtcNow());
        await InstanceAsync();
        Assert.False(IsMailOpen());

        Assert.Null((await Mail.SetAsync(keeper, $" {Ada.AccountId} ", allowed: true, Ct)).Reason);
        await SettleAsync();
        Assert.True(IsMailOpen());
        Assert.Equal([Ada.AccountId], (await Mail.ListAsync(Ct)).Select(account => account.Id));

        // Twice is as once.
        Assert.Null((await Mail.SetAsync(keeper, Ada.AccountId, allowed: true, Ct)).Reason);
        Assert.Null((await Mail.SetAsync(keeper, Ada.AccountId, allowed: false, Ct)).Reason);
        await SettleAsync();
        Assert.False(IsMailOpen());
        Assert.Empty(await Mail.ListAsync(Ct));
        Assert.Equal(["AllowOutboundMail", "DenyOutboundMail"], await AuditAsync(Ada.AccountId));
        Assert.Equal(
            [keeper.UserId],
            await ReadAsync(db =>
                db.AuditEntries.Where(row => row.ResourceId == Ada.AccountId).Select(row => row.UserId).Distinct().ToListAsync(Ct)
            )
        );
    }

    private bool IsMailOpen() => Engine.Networks.Single(network => network.Id == Home.Id).Mail;

    [Fact]
    public async Task Nobody_is_refused_with_a_sentence()
    {
        var keeper = await AnOperator.AddAsync(this, OperatorRole.Infrastructure, Clock.GetUtcNow());
        Assert.Equal("There is no such account.", (await Mail.SetAsync(keeper, "acc-of-nobody", allowed: true, Ct)).Reason);
    }

    [Fact]
    public async Task Networks_are_applied_once_more_when_the_limits_are_others()
    {
        var before = (await NetworkAsync(Home.Id)).Generation;
        await StartAsync(UplinkLimits.Default);
        Assert.Equal(before + 1, (await NetworkAsync(Home.Id)).Generation);
        await StartAsync(UplinkLimits.Default);
        Assert.Equal(before + 1, (await NetworkAsync(Home.Id)).Generation);
        await StartAsync(UplinkLimits.Default with { MegabitsPerGuest = 7 });
        Assert.Equal(before + 2, (await NetworkAsync(Home.Id)).Generation);

        Task StartAsync(UplinkLimits limits) => new UplinkLimitsNote(this, limits, new RegionName("local"), Clock).WriteAsync(Ct);
    }
}
