using Microsoft.EntityFrameworkCore;
using Portal.Model.Closing;
using Portal.Model.Compute;
using Portal.Model.Volumes;
using Portal.Tests.Shared;
using Portal.Worker.Closing;

namespace Portal.Tests.Closing;

/// <summary>What holds the closing of an account up, and who is told.</summary>
[Trait("Needs", "database")]
public sealed class ClosingHeldUpTests(TestPostgres postgres) : ClosingScene(postgres)
{
    [Fact]
    public async Task What_cannot_be_asked_to_go_is_told_and_keeps_nothing_else()
    {
        var ada = await SomebodyAsync();
        Assert.Null((await Close.RunAsync(ada, FollowAt, Ct)).Reason);
        await using (var db = CreateDbContext())
        {
            // Alerts are asked for before everything else.
            await db.Database.ExecuteSqlRawAsync(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it stays'; END $$;
                CREATE TRIGGER stays BEFORE DELETE ON "AlertRules" FOR EACH ROW EXECUTE FUNCTION refuse();
                """,
                Ct
            );
        }

        var told = await Assert.ThrowsAsync<AggregateException>(() => AdvanceAsync(ada.AccountId));
        Assert.Contains("it stays", Assert.Single(told.InnerExceptions).InnerException!.Message, StringComparison.Ordinal);
        await SettleAsync();
        await Assert.ThrowsAsync<AggregateException>(() => AdvanceAsync(ada.AccountId));
        await SettleAsync();
        var contents = await ReadAsync(db => AccountContents.OfAsync(db, ada.AccountId, Ct));
        Assert.Equal((1, 1), (contents.Alerts, contents.Left));
        Assert.Empty(Engine.Machines);

        await using (var db = CreateDbContext())
        {
            await db.Database.ExecuteSqlRawAsync("DROP TRIGGER stays ON \"AlertRules\"", Ct);
        }

        await CloseToTheEndAsync(ada.AccountId);
    }

    [Fact]
    public async Task A_protected_instance_holds_it_up_with_a_sentence_and_whoever_asks_twice_is_told()
    {
        var ada = await SomebodyAsync();
        var id = await ReadAsync(db =>
            db.Instances.Where(instance => instance.AccountId == ada.AccountId).Select(instance => instance.Id).SingleAsync(Ct)
        );
        Assert.Null((await Get<EditInstance>().ProtectAsync(ada, id, isProtected: true, Ct)).Reason);
        Assert.Equal(
            "amber-falcon is protected from termination: turn that off in its settings first.",
            (await Close.RunAsync(ada, FollowAt, Ct)).Reason
        );
        Assert.Equal("active", (await AccountAsync(ada.AccountId)).Status);
        Assert.Empty(await ReadAsync(db => db.Mails.ToListAsync(Ct)));
        Assert.Null((await Get<EditInstance>().ProtectAsync(ada, id, isProtected: false, Ct)).Reason);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Close.RunAsync(ada, FollowAt, Ct))));
        Assert.Single(outcomes, outcome => outcome.IsDone);
        Assert.All(outcomes.Where(outcome => !outcome.IsDone), outcome => Assert.Equal("This account is closing already.", outcome.Reason));
        Assert.Equal(
            "This account is being closed.",
            (
                await new CreateVolume(this, Clock).RunAsync(
                    ada,
                    new NewVolume
                    {
                        Name = "late",
                        SizeGiB = 1,
                        RequestToken = "late",
                    },
                    Ct
                )
            ).Reason
        );
    }

    [Fact]
    public async Task What_became_protected_at_that_moment_goes_too()
    {
        var ada = await SomebodyAsync();
        Assert.Null((await Close.RunAsync(ada, FollowAt, Ct)).Reason);
        var id = await ReadAsync(db =>
            db.Instances.Where(instance => instance.AccountId == ada.AccountId).Select(instance => instance.Id).SingleAsync(Ct)
        );
        Assert.Null((await Get<EditInstance>().ProtectAsync(ada, id, isProtected: true, Ct)).Reason);
        await CloseToTheEndAsync(ada.AccountId);
        Assert.Empty(Engine.Machines);
    }

    [Fact]
    public async Task Without_progress_for_half_an_hour_an_incident_opens_and_progress_closes_it()
    {
        var ada = await SomebodyAsync();
        Assert.Null((await Close.RunAsync(ada, FollowAt, Ct)).Reason);
        Engine.Away = "It is away.";
        Store.Away = "It is away.";
        await AdvanceAsync(ada.AccountId);
        Clock.Advance(TimeSpan.FromMinutes(29));
        await Get<ClosingSweep>().SweepAsync(Ct);
        Assert.Empty(await IncidentsAsync(ada.AccountId));
        Clock.Advance(TimeSpan.FromMinutes(2));
        await AdvanceAsync(ada.AccountId);
        await Get<ClosingSweep>().SweepAsync(Ct);
        Assert.Contains("none has gone for 30 minutes", Assert.Single(await IncidentsAsync(ada.AccountId)), StringComparison.Ordinal);
        (Engine.Away, Store.Away) = (null, null);
        await CloseToTheEndAsync(ada.AccountId);
        await Get<ClosingSweep>().SweepAsync(Ct);
        Assert.Empty(await IncidentsAsync(ada.AccountId));
    }

    private Task<List<string>> IncidentsAsync(string id) =>
        ReadAsync(db =>
            db.Incidents.Where(incident => incident.ResourceId == id && incident.ClosedAt == null)
                .Select(incident => incident.Message)
                .ToListAsync(Ct)
        );
}
