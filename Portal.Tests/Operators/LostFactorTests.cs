using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Operators;
using Portal.Tests.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

/// <summary>An Admin's word, three days, and the mailbox: then a second factor that nobody has any more is gone.</summary>
[Trait("Needs", "database")]
public sealed class LostFactorTests(TestPostgres postgres) : ServedTests(postgres)
{
    private const string Wanted = "another good password";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private LostFactors Factors => Server.Services.GetRequiredService<LostFactors>();

    [Fact]
    public async Task After_three_days_a_new_password_by_mail_removes_it_and_not_before()
    {
        var (person, key) = await LockedOutAsync();
        Assert.Null(await AnnounceAsync(person));
        await ResetAsync(person);
        Assert.Equal("/sign-in/second-factor", await SignInAsync(person));
        await AgeAsync(TimeSpan.FromDays(3));
        await ResetAsync(person);
        Assert.Equal("/dashboard", await SignInAsync(person));
        Assert.False((await UserAsync(person)).TwoFactorEnabled);

        // The old app is none any more: the one that is turned on now has a key of its own.
        using var client = Server.NewClient();
        using var entered = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", Wanted));
        Assert.NotEqual(key, SecondFactor.KeyOn(await client.PageAsync("/settings/second-factor")));
        await using var db = CreateDbContext();
        Assert.Equal(
            ["AnnounceFactorRemoval", nameof(SecurityEvent.RemoveLostSecondFactor)],
            await db
                .AuditEntries.Where(entry => entry.AccountId == person.AccountId && entry.Action.Contains("Factor"))
                .Where(entry => entry.Action != nameof(SecurityEvent.EnableSecondFactor))
                .OrderBy(entry => entry.Id)
                .Select(entry => entry.Action)
                .ToListAsync(Ct)
        );
        Assert.Contains(
            "/undo-factor?code=",
            (await db.Mails.SingleAsync(mail => mail.Subject.StartsWith("The second factor was removed"), Ct)).Text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_word_that_nobody_used_within_a_week_is_none_any_more()
    {
        var (person, _) = await LockedOutAsync();
        Assert.Null(await AnnounceAsync(person));
        await AgeAsync(FactorRemoval.Lifetime);
        await ResetAsync(person);
        Assert.Equal("/sign-in/second-factor", await SignInAsync(person));
        Assert.Null(await AnnounceAsync(person));
    }

    [Fact]
    public async Task The_mails_link_keeps_it_and_opening_that_does_nothing_yet()
    {
        var (person, _) = await LockedOutAsync();
        Assert.Null(await AnnounceAsync(person));
        var link = await LinkAsync("/keep-factor?");
        using var owner = Server.NewClient();
        await owner.PageAsync(link);
        Assert.NotNull(Assert.Single(await Factors.ListAsync(person.AccountId, Ct)).Removal);
        using var kept = await owner.SubmitAsync(link, "Keep it");
        Assert.Equal("Your second factor stays", (await FormClient.ReadAsync(kept)).QuerySelector("h1")?.TextContent);
        using var again = await owner.SubmitAsync(link, "Keep it");
        Assert.Contains("was used already", (await FormClient.ReadAsync(again)).Body!.TextContent, StringComparison.Ordinal);
        await AssertStaysAsync(person);
    }

    [Fact]
    public async Task Signing_in_with_it_keeps_it()
    {
        var (person, key) = await LockedOutAsync();
        Assert.Null(await AnnounceAsync(person));
        using var client = Server.NewClient();
        using var begun = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        Assert.NotNull(Assert.Single(await Factors.ListAsync(person.AccountId, Ct)).Removal);
        using var entered = await client.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key, later: 1)));
        Assert.Equal(HttpStatusCode.Found, entered.StatusCode);
        await AssertStaysAsync(person);
    }

    /// <summary>Whoever uses Portal every day does not sign in for two weeks, and may miss the one mail.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Showing_it_while_signed_in_keeps_it_and_so_does_another_in_its_place(bool isReplaced)
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        var key = await SecondFactor.TurnOnAsync(client);
        await using (var db = CreateDbContext())
        {
            await db.SignInChanges.ExecuteDeleteAsync(Ct);
        }

        Assert.Null(await AnnounceAsync(person));
        if (isReplaced)
        {
            using var off = await client.SubmitAsync("/settings", "Turn off", ("Password", PortalServer.Password), ("Verb", "off"));
            Assert.Equal(HttpStatusCode.Found, off.StatusCode);
            await SecondFactor.TurnOnAsync(client, later: 1);
        }
        else
        {
            using var shown = await client.SubmitAsync("/proof?returnUrl=/settings", "Confirm", ("Code", SecondFactor.Code(key, later: 1)));
            Assert.Equal("/settings", shown.Headers.Location?.OriginalString);
        }

        await AssertStaysAsync(person);
    }

    [Fact]
    public async Task An_Admin_withdraws_it()
    {
        var (person, _) = await LockedOutAsync();
        Assert.Null(await AnnounceAsync(person));
        var admin = await AnOperator.AddAsync(this, OperatorRole.Admin);
        Assert.True((await Factors.WithdrawAsync(admin, person.AccountId, person.UserId, Ct)).IsDone);
        Assert.False((await Factors.WithdrawAsync(admin, person.AccountId, person.UserId, Ct)).IsDone);
        await AgeAsync(TimeSpan.FromDays(3));
        await ResetAsync(person);
        Assert.Equal("/sign-in/second-factor", await SignInAsync(person));
    }

    [Fact]
    public async Task It_is_refused_where_there_is_another_way_or_nobody_would_hear_of_it()
    {
        var (person, _) = await LockedOutAsync();
        Assert.StartsWith("Write down how you know", await AnnounceAsync(person, note: " "), StringComparison.Ordinal);
        Assert.Equal("There is no such person.", await AnnounceAsync(await Server.AddPersonAsync(), of: person.UserId));
        Assert.Equal("There is no second factor.", await AnnounceAsync(await Server.AddPersonAsync()));
        Assert.Contains(
            "reset-operator-factor",
            await AnnounceAsync(await Server.AddPersonAsync(isOperator: true)),
            StringComparison.Ordinal
        );
        Assert.Null(await AnnounceAsync(person));
        Assert.Equal("It is announced already.", await AnnounceAsync(person));

        var young = await Server.AddPersonAsync();
        await SecondFactor.TurnOnAsync(Server, young);
        Assert.Contains("has a link that takes it back", await AnnounceAsync(young), StringComparison.Ordinal);
        await using var db = CreateDbContext();
        await db.SignInChanges.ExecuteDeleteAsync(Ct);
        await db
            .Users.Where(user => user.Id == young.UserId)
            .ExecuteUpdateAsync(set => set.SetProperty(user => user.EmailConfirmed, false), Ct);
        Assert.StartsWith("Nobody has confirmed the address", await AnnounceAsync(young), StringComparison.Ordinal);
    }

    /// <summary>Somebody whose app has been on for longer than a week.</summary>
    private async Task<(Person Person, string Key)> LockedOutAsync()
    {
        var person = await Server.AddPersonAsync();
        var key = await SecondFactor.TurnOnAsync(Server, person);
        await using var db = CreateDbContext();
        await db.SignInChanges.ExecuteUpdateAsync(set => set.SetProperty(change => change.At, change => change.At.AddDays(-8)), Ct);
        return (person, key);
    }

    private async Task<string?> AnnounceAsync(Person person, string note = "showed a bill", Guid? of = null) =>
        (
            await Factors.AnnounceAsync(
                await AnOperator.AddAsync(this, OperatorRole.Admin),
                person.AccountId,
                of ?? person.UserId,
                note,
                Ct
            )
        ).Reason;

    private async Task AgeAsync(TimeSpan by)
    {
        await using var db = CreateDbContext();
        await db.FactorRemovals.ExecuteUpdateAsync(set => set.SetProperty(removal => removal.AskedAt, removal => removal.AskedAt - by), Ct);
    }

    private async Task AssertStaysAsync(Person person)
    {
        Assert.Null(Assert.Single(await Factors.ListAsync(person.AccountId, Ct)).Removal);
        await AgeAsync(TimeSpan.FromDays(3));
        await ResetAsync(person);
        Assert.Equal("/sign-in/second-factor", await SignInAsync(person));
        await using var db = CreateDbContext();
        Assert.Equal(1, await db.AuditEntries.CountAsync(entry => entry.Action == nameof(SecurityEvent.KeepSecondFactor), Ct));
    }

    /// <summary>Chooses a new password by mail.</summary>
    private async Task ResetAsync(Person person)
    {
        await using (var db = CreateDbContext())
        {
            await db.Mails.Where(mail => mail.Text.Contains("/reset-password?")).ExecuteDeleteAsync(Ct);
        }

        using var client = Server.NewClient();
        using var asked = await client.SubmitAsync("/forgot-password", ("Email", person.Email));
        using var chosen = await client.SubmitAsync(await LinkAsync("/reset-password?"), "Change password", ("Password", Wanted));
        Assert.Equal("/sign-in?after=reset", chosen.Headers.Location?.PathAndQuery);
    }

    private async Task<string?> SignInAsync(Person person)
    {
        using var client = Server.NewClient();
        using var answer = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", Wanted));
        return answer.Headers.Location?.AbsolutePath;
    }

    private async Task<string> LinkAsync(string page)
    {
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(mail => mail.Text.Contains(page), Ct);
        return new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery;
    }

    private async Task<User> UserAsync(Person person)
    {
        await using var db = CreateDbContext();
        return await db.Users.AsNoTracking().SingleAsync(user => user.Id == person.UserId, Ct);
    }
}
