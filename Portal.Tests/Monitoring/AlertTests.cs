using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Monitoring;

[Trait("Needs", "database")]
public sealed class AlertTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private MonitoringScene scene = null!;

    private AlertRules Rules => new(this, scene.Clock);

    private AlertWish CpuAbove80 => new(Metric.Cpu, AlertSide.Above, 80, 3, scene.Actor.UserId);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        scene = await MonitoringScene.StartAsync(this);
    }

    [Fact]
    public async Task It_fires_once_after_so_many_minutes_and_tells_once_that_it_is_over()
    {
        Assert.True((await Rules.CreateAsync(scene.Actor, scene.InstanceId, CpuAbove80, Ct)).IsDone);
        await scene.MinutesAsync(3, percent: 90);
        Assert.Empty(await MailsAsync());
        await scene.MinutesAsync(4, percent: 90);

        var fired = Assert.Single(await MailsAsync());
        Assert.Equal(("Alert: CPU of amber-falcon", scene.Actor.Email), (fired.Subject, fired.To));
        Assert.Contains(
            $"amber-falcon ({scene.InstanceId}): CPU above 80 % for 3 minutes. It is 90 % as of",
            fired.Text,
            StringComparison.Ordinal
        );
        Assert.Contains($"https://portal.example/instances/{scene.InstanceId}?tab=metrics", fired.Text, StringComparison.Ordinal);
        Assert.NotNull((await RuleAsync()).FiringSince);

        await scene.MinutesAsync(2, percent: 5);
        Assert.Single(await MailsAsync());
        await scene.MinutesAsync(3, percent: 5);
        Assert.Equal("Over: CPU of amber-falcon", (await MailsAsync())[^1].Subject);
        Assert.Equal(2, (await MailsAsync()).Count);
        Assert.Null((await RuleAsync()).FiringSince);
        await using var db = CreateDbContext();
        Assert.Equal(
            ["AlarmFired", "AlarmRecovered"],
            await db
                .AuditEntries.Where(entry => entry.UserId == null)
                .OrderBy(entry => entry.Id)
                .Select(entry => entry.Action)
                .ToListAsync(Ct)
        );
    }

    [Fact]
    public async Task A_volume_has_alerts_of_its_own_until_it_is_deleted()
    {
        var wish = new AlertWish(Metric.DiskWrite, AlertSide.Above, 1_000_000, 2, scene.Actor.UserId);
        Assert.Equal("That is not measured here.", (await Rules.CreateAsync(scene.Actor, scene.VolumeId, CpuAbove80, Ct)).Reason);
        Assert.Equal(
            "There is no such volume.",
            (await Rules.CreateAsync(await AnAccount.ReadyAsync(this), scene.VolumeId, wish, Ct)).Reason
        );
        Assert.Null((await Rules.CreateAsync(scene.Actor, scene.VolumeId, wish, Ct)).Reason);
        await scene.MinutesAsync(4, percent: 5, bytesPerSecond: 2_000_000);
        var fired = Assert.Single(await MailsAsync());
        Assert.Equal("Alert: Disk written of amber-falcon root", fired.Subject);
        Assert.Contains($"https://portal.example/volumes/{scene.VolumeId}?tab=metrics", fired.Text, StringComparison.Ordinal);

        await using var db = CreateDbContext();
        (await db.Volumes.SingleAsync(Ct)).ObserveRemoved(scene.Clock.GetUtcNow());
        await db.SaveChangesAsync(Ct);
        await scene.MinutesAsync(1, percent: 5);
        Assert.Empty(await db.AlertRules.ToListAsync(Ct));
    }

    [Fact]
    public async Task A_metric_that_crosses_to_and_fro_tells_once()
    {
        await Rules.CreateAsync(scene.Actor, scene.InstanceId, CpuAbove80, Ct);
        await scene.MinutesAsync(4, percent: 90);
        for (var crossing = 0; crossing < 5; crossing++)
        {
            await scene.MinutesAsync(2, percent: 10);
            await scene.MinutesAsync(1, percent: 90);
        }

        Assert.Single(await MailsAsync());
    }

    [Fact]
    public async Task A_gap_is_neither_a_crossing_nor_an_end()
    {
        await Rules.CreateAsync(scene.Actor, scene.InstanceId, CpuAbove80, Ct);
        await scene.MinutesAsync(3, percent: 90);
        scene.Engine.Away = "libvirt does not answer";
        await scene.MinutesAsync(8, percent: 90);
        scene.Engine.Away = null;
        await scene.MinutesAsync(3, percent: 90);
        Assert.Empty(await MailsAsync());
        await scene.MinutesAsync(1, percent: 90);
        Assert.Single(await MailsAsync());
    }

    [Fact]
    public async Task What_no_longer_runs_ends_its_alert()
    {
        await Rules.CreateAsync(scene.Actor, scene.InstanceId, CpuAbove80, Ct);
        await scene.MinutesAsync(4, percent: 90);
        await RunningMachines.AddAsync(this, scene.Engine, scene.Actor, "another");
        scene.Engine.Lose(scene.InstanceId, MachinePower.Off);
        await scene.MinutesAsync(4, percent: 90);
        Assert.Single(await MailsAsync());
        await scene.MinutesAsync(1, percent: 90);
        Assert.Contains("It is measured no longer: the instance does not run.", (await MailsAsync())[^1].Text, StringComparison.Ordinal);
        Assert.Equal(2, (await MailsAsync()).Count);
    }

    [Fact]
    public async Task Below_is_the_other_side_and_each_unit_has_its_words()
    {
        await Rules.CreateAsync(
            scene.Actor,
            scene.InstanceId,
            new(Metric.NetworkOut, AlertSide.Below, 1_500_000, 1, scene.Actor.UserId),
            Ct
        );
        await scene.MinutesAsync(3, percent: 1, bytesPerSecond: 1_000_000);
        Assert.Empty(await MailsAsync());
        await scene.MinutesAsync(1, percent: 1, bytesPerSecond: 300_000);
        Assert.Contains(
            "Network sent below 1.5 MB/s for a minute. It is 1.2 MB/s",
            Assert.Single(await MailsAsync()).Text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Nobody_gets_a_mail_at_an_address_that_is_no_longer_confirmed()
    {
        await Rules.CreateAsync(scene.Actor, scene.InstanceId, CpuAbove80, Ct);
        await using (var db = CreateDbContext())
        {
            await db.Users.ExecuteUpdateAsync(user => user.SetProperty(one => one.EmailConfirmed, false), Ct);
        }

        await scene.MinutesAsync(4, percent: 90);
        Assert.Empty(await MailsAsync());
        Assert.NotNull((await RuleAsync()).FiringSince);
    }

    [Fact]
    public async Task A_rule_asked_for_twice_is_one_and_its_change_begins_anew()
    {
        await Task.WhenAll(
            Enumerable.Range(0, 5).Select(_ => Task.Run(() => Rules.CreateAsync(scene.Actor, scene.InstanceId, CpuAbove80, Ct)))
        );
        var rule = await RuleAsync();
        await scene.MinutesAsync(4, percent: 90);
        Assert.True((await Rules.ChangeAsync(scene.Actor, rule.Id, CpuAbove80 with { Threshold = 95 }, Ct)).IsDone);
        Assert.Equal((95, null), ((await RuleAsync()).Threshold, (await RuleAsync()).FiringSince));
        Assert.True((await Rules.DeleteAsync(scene.Actor, rule.Id, Ct)).IsDone);
        await using var db = CreateDbContext();
        Assert.Empty(await db.AlertRules.ToListAsync(Ct));
        Assert.Equal(
            ["PutAlarm", "PutAlarm", "DeleteAlarm"],
            await db
                .AuditEntries.Where(entry => entry.ResourceId == scene.InstanceId && entry.Action.EndsWith("Alarm"))
                .OrderBy(entry => entry.Id)
                .Select(entry => entry.Action)
                .ToListAsync(Ct)
        );
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_with_a_sentence()
    {
        Assert.Equal("A percentage is at most 100.", await WhyNotAsync(CpuAbove80 with { Threshold = 101 }));
        Assert.Equal("The threshold is a number, zero or more.", await WhyNotAsync(CpuAbove80 with { Threshold = double.NaN }));
        Assert.Equal("From 1 to 1,440 minutes are possible.", await WhyNotAsync(CpuAbove80 with { Minutes = 0 }));
        var stranger = await AnAccount.ReadyAsync(this);
        Assert.StartsWith(
            "Mails of alerts go to a confirmed address only",
            await WhyNotAsync(CpuAbove80 with { UserId = stranger.UserId }),
            StringComparison.Ordinal
        );
        Assert.Equal(
            "There is no such instance.",
            (await Rules.CreateAsync(stranger, scene.InstanceId, CpuAbove80 with { UserId = stranger.UserId }, Ct)).Reason
        );
        for (var threshold = 1; threshold <= AlertRules.MaxPerResource; threshold++)
        {
            Assert.Null(await WhyNotAsync(CpuAbove80 with { Threshold = threshold }));
        }

        Assert.Equal("At most 20 alerts are possible here: delete one first.", await WhyNotAsync(CpuAbove80));
        var rule = await RuleAsync();
        Assert.Equal(
            "There is no such alert any more.",
            (await Rules.ChangeAsync(stranger, rule.Id, CpuAbove80 with { UserId = stranger.UserId }, Ct)).Reason
        );
        Assert.Equal("There is no such alert any more.", (await Rules.DeleteAsync(stranger, rule.Id, Ct)).Reason);
    }

    [Fact]
    public async Task Terminated_is_watched_no_longer()
    {
        await Rules.CreateAsync(scene.Actor, scene.InstanceId, CpuAbove80, Ct);
        await using (var db = CreateDbContext())
        {
            var instance = await db.Instances.SingleAsync(Ct);
            instance.RequestTerminate(scene.Clock.GetUtcNow());
            instance.ObserveRemoved(scene.Clock.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        await scene.MinutesAsync(2, percent: 90);
        await using var after = CreateDbContext();
        Assert.Empty(await after.AlertRules.ToListAsync(Ct));
    }

    private async Task<string?> WhyNotAsync(AlertWish wish) => (await Rules.CreateAsync(scene.Actor, scene.InstanceId, wish, Ct)).Reason;

    private async Task<AlertRule> RuleAsync()
    {
        await using var db = CreateDbContext();
        return await db.AlertRules.AsNoTracking().OrderBy(rule => rule.Threshold).FirstAsync(Ct);
    }

    private async Task<List<Mail>> MailsAsync()
    {
        await using var db = CreateDbContext();
        return await db.Mails.AsNoTracking().OrderBy(mail => mail.CreatedAt).ToListAsync(Ct);
    }
}
