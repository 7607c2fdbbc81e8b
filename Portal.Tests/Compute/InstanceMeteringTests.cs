using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;
using Portal.Worker.Operators;

namespace Portal.Tests.Compute;

/// <summary>What an instance costs, whatever becomes of its machine.</summary>
[Trait("Needs", "database")]
public sealed class InstanceMeteringTests(TestPostgres postgres) : InstanceScene(postgres)
{
    [Fact]
    public async Task Compute_costs_only_while_it_runs_and_the_disk_while_it_exists()
    {
        var id = await SettleAsync(await RequestAsync());
        Clock.Advance(TimeSpan.FromHours(3));
        await ChangeAsync(id, instance => instance.RequestStop(Clock.GetUtcNow()));
        await SettleAsync(id);
        Clock.Advance(TimeSpan.FromHours(5));
        await ChangeAsync(id, instance => instance.RequestTerminate(Clock.GetUtcNow()));
        await SettleAsync(id);

        var spans = await SpansAsync(id);
        Assert.Equal(
            TimeSpan.FromHours(3),
            Assert.Single(spans, span => span.Sku == "instance.t1.nano") is var compute ? compute.To - compute.From : null
        );
        Assert.Equal(TimeSpan.FromHours(8), Assert.Single(spans, span => span.Sku == Skus.Disk) is var disk ? disk.To - disk.From : null);
    }

    [Fact]
    public async Task What_the_engine_rejects_of_a_machine_that_is_on_leaves_it_running_and_billed()
    {
        var id = await SettleAsync(await RequestAsync());
        await ChangeAsync(id, instance => instance.RequestReboot(Clock.GetUtcNow()));
        Engine.FailOnce(nameof(IComputeEngine.EnsureMachineAsync), FaultPoint.Before, EngineFault.Rejected);
        await AdvanceAsync(id);
        var refused = await LoadAsync(id);
        Assert.Equal(InstanceState.Running, refused.State);
        Assert.Contains("That step failed", refused.Waiting, StringComparison.Ordinal);
        Assert.Single(await SpansAsync(id), span => span.Sku == "instance.t1.nano" && span.To == null);

        await SettleAsync(id);
        Assert.Null((await LoadAsync(id)).Waiting);
    }

    [Fact]
    public async Task Computing_is_not_billed_from_the_request_to_stop_even_while_the_engine_is_away()
    {
        var id = await SettleAsync(await RequestAsync());
        Clock.Advance(TimeSpan.FromHours(1));
        Engine.Away = "libvirt does not answer";
        var asked = await new ChangeInstance(this, Clock).RunAsync(Actor.Portal(Owner.Account.Id), InstanceAction.Stop, id, default);
        Assert.Null(asked.Outcome.Reason);
        Clock.Advance(TimeSpan.FromHours(1));
        await AdvanceAsync(id);
        Engine.Away = null;
        await SettleAsync(id);
        var compute = Assert.Single(await SpansAsync(id), span => span.Sku == "instance.t1.nano");
        Assert.Equal(TimeSpan.FromHours(1), compute.To - compute.From);
    }

    [Fact]
    public async Task A_machine_found_off_after_an_hour_without_a_worker_is_billed_until_it_was_last_seen_on()
    {
        var id = await SettleAsync(await RequestAsync());
        Clock.Advance(TimeSpan.FromHours(1));
        await Get<MachinePatrol>().SweepAsync(default);
        Engine.PowerCut();
        Clock.Advance(TimeSpan.FromHours(1));
        await Get<MachinePatrol>().SweepAsync(default);
        var compute = Assert.Single(await SpansAsync(id), span => span.Sku == "instance.t1.nano");
        Assert.Equal(TimeSpan.FromHours(1), compute.To - compute.From);
    }

    /// <summary>Its job watches it until ssh answers, and finds it off when its host is back.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_machine_that_was_still_booting_when_its_host_went_away_is_billed_until_it_was_last_seen_on(bool isRebooting)
    {
        var id = await SettleAsync(await RequestAsync());
        await ChangeAsync(id, instance => instance.RequestReboot(Clock.GetUtcNow()));
        if (!isRebooting)
        {
            Engine.ObservationsUntilSsh = int.MaxValue;
            await AdvanceAsync(id);
            Assert.True((await LoadAsync(id)) is { IsRebooting: false, IsUnsettled: true });
        }

        Clock.Advance(TimeSpan.FromMinutes(2));
        await Get<MachinePatrol>().SweepAsync(default);
        Engine.PowerCut();
        Engine.Away = "The host is off.";
        Clock.Advance(TimeSpan.FromHours(1));
        await AdvanceAsync(id);
        Engine.Away = null;
        await AdvanceAsync(id);
        var compute = Assert.Single(await SpansAsync(id), span => span.Sku == "instance.t1.nano" && span.To != null);
        Assert.Equal(TimeSpan.FromMinutes(2), compute.To - compute.From);
    }

    [Fact]
    public async Task A_guest_that_stands_still_since_the_host_cannot_write_is_told_to_the_operators_and_not_billed_until_it_goes_on()
    {
        var id = await SettleAsync(await RequestAsync());
        Clock.Advance(TimeSpan.FromHours(1));
        await Get<MachinePatrol>().SweepAsync(default);
        Engine.Lose(id, MachinePower.Running, "The host could not write to its disk.");
        await Get<MachinePatrol>().SweepAsync(default);
        await using var db = CreateDbContext();
        Assert.Contains(
            "could not write",
            Assert.Single(await db.Incidents.AsNoTracking().Where(incident => incident.ClosedAt == null).ToListAsync()).Message,
            StringComparison.Ordinal
        );
        Assert.Equal("The host could not write to its disk.", (await LoadAsync(id)).Stalled);

        Clock.Advance(TimeSpan.FromHours(1));
        Engine.Lose(id, MachinePower.Running, null);
        await Get<MachinePatrol>().SweepAsync(default);
        Assert.Empty(await db.Incidents.AsNoTracking().Where(incident => incident.ClosedAt == null).ToListAsync());
        Assert.Null((await LoadAsync(id)).Stalled);
        var compute = (await SpansAsync(id)).Where(span => span.Sku == "instance.t1.nano").ToList();
        Assert.Equal([TimeSpan.FromHours(1), null], compute.Select(span => span.To - span.From));
    }

    [Fact]
    public async Task A_clock_that_was_set_back_charges_nothing_twice()
    {
        var id = await SettleAsync(await RequestAsync());
        var instance = await LoadAsync(id);
        await using var db = CreateDbContext();
        var start = Clock.GetUtcNow();
        await Meter.RecordAsync(db, instance, [], start + TimeSpan.FromHours(2), default);
        await db.SaveChangesAsync();
        await Meter.RecordAsync(db, instance, [("instance.t1.nano", 1)], start + TimeSpan.FromHours(1), default);
        await db.SaveChangesAsync();
        var spans = (await SpansAsync(id)).Where(span => span.Sku == "instance.t1.nano").ToList();
        Assert.Equal(spans[0].To, spans[1].From);
    }
}
