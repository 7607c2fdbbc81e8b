using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Home;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Home;

/// <summary>What the first page says of an account, and of which account.</summary>
[Trait("Needs", "database")]
public sealed class DashboardTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private static readonly DateTimeOffset Now = AnAccount.Now;

    private readonly FakeTimeProvider clock = new(Now);

    [Fact]
    public async Task A_new_account_has_its_first_steps_before_it_and_no_concern_about_a_card()
    {
        var view = await LoadAsync(await AnAccount.ReadyAsync(this, card: false));
        Assert.True(view.IsEmpty && view.IsConfirmed);
        Assert.Equal("Add a card first; $0 now.", view.WhyNoBilling);
        Assert.Empty(view.Concerns);
        Assert.Equal(0, view.PerMonth);
    }

    [Fact]
    public async Task An_account_whose_last_instance_is_gone_and_which_has_something_else_is_not_new()
    {
        var actor = await AnAccount.ReadyAsync(this);
        await using (var db = CreateDbContext())
        {
            db.PublicAddresses.Add(
                new PublicAddress
                {
                    Id = ResourceIds.New("eipalloc"),
                    AccountId = actor.AccountId,
                    Name = "left",
                    RegionId = "local",
                    CreatedAt = Now,
                    FirstPort = 25000,
                }
            );
            await db.SaveChangesAsync(Ct);
        }

        Assert.False((await LoadAsync(actor)).IsEmpty);
    }

    [Fact]
    public async Task What_costs_is_called_by_its_name_of_today_and_a_stopped_instance_is_not_deleted()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var id = (await CreateAsync(actor, 1))[0];
        await ObserveAsync(id, MachinePower.Running);
        clock.Advance(TimeSpan.FromHours(1));
        await new ChangeInstance(this, clock).RunAsync(actor, InstanceAction.Stop, id, Ct);
        await ObserveAsync(id, MachinePower.Off);
        Assert.Null((await new EditInstance(this, clock).RenameAsync(actor, id, "renamed", Ct)).Reason);
        var row = (await LoadAsync(actor)).Dearest.Single(row => row.ResourceId == id);
        Assert.Equal(("renamed", true), (row.ResourceName, row.Exists));
    }

    [Fact]
    public async Task What_runs_comes_first_with_its_load_and_costs_what_the_bill_says()
    {
        var actor = await AnAccount.ReadyAsync(this);
        var ids = await CreateAsync(actor, 3);
        await ObserveAsync(ids[0], MachinePower.Running);
        await ObserveAsync(ids[1], MachinePower.Running);
        await ObserveAsync(ids[2], MachinePower.Running);
        await new ChangeInstance(this, clock).RunAsync(actor, InstanceAction.Stop, ids[2], Ct);
        await ObserveAsync(ids[2], MachinePower.Off);
        await using (var db = CreateDbContext())
        {
            db.MetricSamples.Add(
                new MetricSample
                {
                    AccountId = actor.AccountId,
                    ResourceId = ids[1],
                    Resolution = 1,
                    At = Now.AddMinutes(-1),
                    Cpu = 12.34f,
                }
            );
            db.MetricSamples.Add(
                new MetricSample
                {
                    AccountId = actor.AccountId,
                    ResourceId = ids[2],
                    Resolution = 1,
                    At = Now.AddMinutes(-1),
                    Cpu = 56.78f,
                }
            );
            await db.SaveChangesAsync(Ct);
        }

        var view = await LoadAsync(actor);
        Assert.False(view.IsEmpty);
        Assert.Equal((2, 3, 3), (view.Running, view.Total, view.Volumes));
        Assert.Equal(("stopped", ids[2]), (view.Instances[2].Status, view.Instances[2].Id));
        Assert.Null(view.Instances[2].Load);
        Assert.Equal("12.3 %", view.Instances.Single(one => one.Id == ids[1]).Load);
        Assert.Null(view.Instances.Single(one => one.Id == ids[0]).Load);
        Assert.Equal(2 * 0.006m * Skus.HoursPerMonth, view.PerMonth);
        Assert.Equal(2, view.Dearest.Count);
        Assert.Equal("StopInstances", view.Events[0].Action);
    }

    [Fact]
    public async Task What_does_not_work_is_a_concern_and_comes_before_what_soon_may_not()
    {
        var actor = await AnAccount.ReadyAsync(this, instanceLimit: 3, confirmed: true);
        var ids = await CreateAsync(actor, 3);
        await ObserveAsync(ids[0], MachinePower.Running);
        await using (var db = CreateDbContext())
        {
            var instances = await db.Instances.ToDictionaryAsync(one => one.Id, Ct);
            instances[ids[1]].Fail("The image is broken.");
            instances[ids[2]].Wait("The engine is away at the moment.");
            var rule = new AlertRule
            {
                Id = ResourceIds.New("alarm"),
                AccountId = actor.AccountId,
                ResourceId = ids[0],
                RegionId = "local",
                CreatedAt = Now,
            };
            rule.Set(new AlertWish(Metric.Cpu, AlertSide.Above, 80, 1, actor.UserId));
            rule.Observe(1, 1, Now);
            db.AlertRules.Add(rule);
            var volume = (await db.Volumes.FirstAsync(one => one.InstanceId == ids[0], Ct)).For(
                instances[ids[0]],
                "sdb",
                deleteOnTermination: false
            );
            volume.ObserveRefused("There is no room.");
            await db
                .Users.Where(user => user.Id == actor.UserId)
                .ExecuteUpdateAsync(user => user.SetProperty(one => one.EmailConfirmed, false), Ct);
            await db.Cards.ExecuteUpdateAsync(card => card.SetProperty(one => one.ExpiryYear, 2020), Ct);
            await db.SaveChangesAsync(Ct);
        }

        var concerns = (await LoadAsync(actor)).Concerns;
        Assert.Contains(
            concerns,
            concern =>
                concern is { Subject: "Payment", IsUrgent: true }
                && concern.Text.EndsWith("has expired. Add a card that is valid; $0 now.", StringComparison.Ordinal)
        );
        Assert.Contains(concerns, concern => concern is { Subject: "Your e-mail address", IsUrgent: true });
        Assert.Contains(
            concerns,
            concern => concern is { Text: "It failed: The image is broken.", IsUrgent: true } && concern.Url == $"/instances/{ids[1]}"
        );
        Assert.Contains(
            concerns,
            concern => concern is { Text: "The engine is away at the moment.", IsUrgent: false } && concern.Url == $"/instances/{ids[2]}"
        );
        Assert.Contains(concerns, concern => concern is { Text: "The volume could not be made: There is no room.", IsUrgent: true });
        Assert.Contains(
            concerns,
            concern =>
                concern.IsUrgent
                && concern.Text == "CPU above 80 % for a minute, since 2026-11-23 12:00 UTC."
                && concern.Url == $"/instances/{ids[0]}?tab=metrics"
        );
        Assert.Contains(
            concerns,
            concern =>
                concern is { Subject: "Quota", Text: "You use 3 of 3 instances. Ask support for more before you need it.", IsUrgent: false }
        );
        Assert.Equal(concerns.OrderByDescending(concern => concern.IsUrgent), concerns);
    }

    [Fact]
    public async Task A_card_that_soon_expires_is_told_of_while_something_is_billed()
    {
        var actor = await AnAccount.ReadyAsync(this);
        await using (var db = CreateDbContext())
        {
            await db.Cards.ExecuteUpdateAsync(
                card => card.SetProperty(one => one.ExpiryYear, 2026).SetProperty(one => one.ExpiryMonth, 11),
                Ct
            );
        }

        Assert.Empty((await LoadAsync(actor)).Concerns);
        await CreateAsync(actor, 1);
        Assert.Equal("The card Visa •••• 4242 expires on 2026-11-30.", Assert.Single((await LoadAsync(actor)).Concerns).Text);
    }

    [Fact]
    public async Task Of_many_in_the_same_state_a_few_are_named_and_the_rest_are_counted()
    {
        var actor = await AnAccount.ReadyAsync(this);
        foreach (var id in await CreateAsync(actor, 8))
        {
            await using var db = CreateDbContext();
            (await db.Instances.SingleAsync(one => one.Id == id, Ct)).Fail("The image is broken.");
            await db.SaveChangesAsync(Ct);
        }

        var concerns = (await LoadAsync(actor)).Concerns;
        Assert.Equal((6, "3 more instances"), (concerns.Count, concerns[^1].Subject));
    }

    [Fact]
    public async Task Another_account_s_things_are_not_there()
    {
        var ids = await CreateAsync(await AnAccount.ReadyAsync(this), 1);
        await ObserveAsync(ids[0], MachinePower.Running);
        var view = await LoadAsync(await AnAccount.ReadyAsync(this));
        Assert.True(view.IsEmpty);
        Assert.Empty(view.Events);
        Assert.Empty(view.Dearest);
    }

    private async Task<Dashboard> LoadAsync(Actor actor) =>
        await Dashboard.LoadAsync(this, new PriceList(this, clock), actor, clock.GetUtcNow(), Ct);

    private async Task<string[]> CreateAsync(Actor actor, int count)
    {
        var made = await new CreateInstance(this, clock).RunAsync(actor, AnAccount.Wish(await AnAccount.ImageAsync(this), count), Ct);
        return [.. made.Value!.Select(instance => instance.Id)];
    }

    private async Task ObserveAsync(string id, MachinePower power)
    {
        await using var db = CreateDbContext();
        var instance = await db.Instances.SingleAsync(one => one.Id == id, Ct);
        instance.Observe(new MachineObservation(power, 0, SshAnswers: true, null, null), clock.GetUtcNow());
        await InstanceMeter.RecordAsync(db, instance, clock.GetUtcNow(), Ct);
        await db.SaveChangesAsync(Ct);
    }
}
