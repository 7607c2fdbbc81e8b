using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>What the mail about a change gives back of the second factor, to whoever had one, and to nobody else.</summary>
[Trait("Needs", "database")]
public sealed class FactorTakenBackTests(TestPostgres postgres) : AddressChangeScene(postgres)
{
    /// <summary>
    /// The thief has all that the owner signs in with, once: enough to turn the owner's app off and an app of his own on.
    /// </summary>
    [Fact]
    public async Task An_app_that_a_thief_put_in_the_place_of_the_owners_goes_and_the_owners_comes_back()
    {
        var person = await Server.AddPersonAsync(email: "owner@example.com");
        var owners = await SecondFactor.TurnOnAsync(Server, person);
        await AgeAsync(TimeSpan.FromDays(8));
        using var thief = await WithCodeAsync(person, PortalServer.Password, owners);
        using var changed = await thief.SubmitAsync(await AskAsync(thief, "thief@example.com"), Confirm);
        using var off = await thief.SubmitAsync("/settings", "Turn off", ("Password", PortalServer.Password), ("Verb", "off"));
        Assert.Equal("/settings?done=second-factor-off", off.Headers.Location?.PathAndQuery);
        var thiefs = await SecondFactor.TurnOnAsync(thief, later: 1);

        using var owner = Server.NewClient();
        using var undone = await owner.SubmitAsync(await UndoLinkAsync("owner@example.com"), "Undo the change");
        using var chosen = await owner.SubmitAsync(
            undone.Headers.Location!.PathAndQuery,
            "Change password",
            ("Password", "another good one")
        );
        Assert.Equal("/sign-in?after=reset", chosen.Headers.Location?.PathAndQuery);
        await Assert.ThrowsAsync<InvalidOperationException>(() => WithCodeAsync(person, "another good one", thiefs));
        using var back = await WithCodeAsync(person, "another good one", owners);
        Assert.Contains("owner@example.com", (await back.PageAsync("/settings")).Body!.TextContent, StringComparison.Ordinal);
        await using var db = CreateDbContext();
        Assert.Equal(2, await db.UserTokens.CountAsync(token => token.UserId == person.UserId, Ct));
    }

    [Fact]
    public async Task An_app_that_came_after_the_change_goes_where_there_was_none_and_one_of_before_comes_back_when_it_was_turned_off()
    {
        var (without, with) = (
            await Server.AddPersonAsync(email: "ada@example.com"),
            await Server.AddPersonAsync(email: "bob@example.com")
        );
        using (var thief = await Server.NewClientAsync(without))
        {
            using var changed = await thief.SubmitAsync(await AskAsync(thief, "ada2@example.com"), Confirm);
            await SecondFactor.TurnOnAsync(thief);
        }

        var owners = await SecondFactor.TurnOnAsync(Server, with);
        await AgeAsync(TimeSpan.FromDays(8), with.UserId);
        using (var thief = await WithCodeAsync(with, PortalServer.Password, owners))
        {
            using var changed = await thief.SubmitAsync(await AskAsync(thief, "bob2@example.com"), Confirm);
            using var off = await thief.SubmitAsync("/settings", "Turn off", ("Password", PortalServer.Password), ("Verb", "off"));
        }

        using var owner = Server.NewClient();
        using var first = await owner.SubmitAsync(await UndoLinkAsync("ada@example.com"), "Undo the change");
        using var second = await owner.SubmitAsync(await UndoLinkAsync("bob@example.com"), "Undo the change");
        Assert.Equal((false, true), ((await UserAsync(without)).TwoFactorEnabled, (await UserAsync(with)).TwoFactorEnabled));
        using var chosen = await owner.SubmitAsync(
            second.Headers.Location!.PathAndQuery,
            "Change password",
            ("Password", "another good one")
        );
        using var back = await WithCodeAsync(with, "another good one", owners);
    }

    /// <summary>
    /// Otherwise a thief needs only to turn his app on first: what was there a moment before the change of address would be his.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_app_that_a_thief_turned_on_before_he_changed_the_address_goes_with_it(bool hadOne)
    {
        var person = await Server.AddPersonAsync(email: "owner@example.com");
        var owners = hadOne ? await SecondFactor.TurnOnAsync(Server, person) : null;
        await AgeAsync(TimeSpan.FromDays(8));
        using var thief = owners is null ? await Server.NewClientAsync(person) : await WithCodeAsync(person, PortalServer.Password, owners);
        if (hadOne)
        {
            using var off = await thief.SubmitAsync("/settings", "Turn off", ("Password", PortalServer.Password), ("Verb", "off"));
            Assert.Equal("/settings?done=second-factor-off", off.Headers.Location?.PathAndQuery);
        }

        var thiefs = await SecondFactor.TurnOnAsync(thief, later: 1);
        await AgeAsync(TimeSpan.FromDays(6));
        using var changed = await thief.SubmitAsync(await AskAsync(thief, "thief@example.com"), Confirm);
        Assert.Equal("/settings?done=address", changed.Headers.Location?.PathAndQuery);
        using var owner = await TakenBackAsync(await UndoLinkAsync("owner@example.com"));
        await AssertBackAsync(person, owners, thiefs);
    }

    /// <summary>Without any change of the address: the mails to it are the way back.</summary>
    [Theory]
    [InlineData("A second factor was turned on", false)]
    [InlineData("The second factor was turned off", true)]
    [InlineData("New recovery codes were made", true)]
    [InlineData("A second factor was turned on", true)]
    public async Task The_mail_of_a_change_of_the_second_factor_takes_it_back(string subject, bool hadOne)
    {
        var person = await Server.AddPersonAsync(email: "owner@example.com");
        var owners = hadOne ? await SecondFactor.TurnOnAsync(Server, person) : null;
        await AgeAsync(TimeSpan.FromDays(8));
        await using var db = CreateDbContext();
        await db.Mails.ExecuteDeleteAsync(Ct);
        using var thief = owners is null ? await Server.NewClientAsync(person) : await WithCodeAsync(person, PortalServer.Password, owners);
        if (hadOne)
        {
            using var codes = await thief.SubmitAsync(
                "/settings",
                "New recovery codes",
                ("Password", PortalServer.Password),
                ("Verb", "codes")
            );
            using var off = await thief.SubmitAsync("/settings", "Turn off", ("Password", PortalServer.Password), ("Verb", "off"));
            Assert.Equal("/settings?done=second-factor-off", off.Headers.Location?.PathAndQuery);
        }

        var thiefs = await SecondFactor.TurnOnAsync(thief, later: 1);
        var link = await LinkAsync("owner@example.com", "/undo-factor?", subject);
        using var owner = await TakenBackAsync(link);
        using var shut = await thief.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.Found, shut.StatusCode);
        await AssertBackAsync(person, owners, thiefs);
        using var again = await owner.SubmitAsync(link, "Undo the change");
        Assert.Contains("was used already", (await FormClient.ReadAsync(again)).Body!.TextContent, StringComparison.Ordinal);
        Assert.Equal(
            SecurityEvent.UndoFactorChange.ToString(),
            await db.AuditEntries.Where(entry => entry.Action.StartsWith("Undo")).Select(entry => entry.Action).SingleAsync(Ct)
        );
    }

    /// <summary>A link of a mail to his own mailbox: it must not throw away what the owner's link is to bring back.</summary>
    [Fact]
    public async Task A_thief_who_takes_his_own_changes_back_leaves_the_owner_his_app()
    {
        var person = await Server.AddPersonAsync(email: "owner@example.com");
        var owners = await SecondFactor.TurnOnAsync(Server, person);
        await AgeAsync(TimeSpan.FromDays(8));
        using var thief = await WithCodeAsync(person, PortalServer.Password, owners);
        using var changed = await thief.SubmitAsync(await AskAsync(thief, "thief@example.com"), Confirm);
        using var off = await thief.SubmitAsync("/settings", "Turn off", ("Password", PortalServer.Password), ("Verb", "off"));
        var thiefs = await SecondFactor.TurnOnAsync(thief, later: 1);
        using var again = await thief.SubmitAsync(await AskAsync(thief, "thief2@example.com"), Confirm);
        using var his = await TakenBackAsync(await UndoLinkAsync("thief@example.com"), "a password of his");
        using var owner = await TakenBackAsync(await UndoLinkAsync("owner@example.com"));
        await AssertBackAsync(person, owners, thiefs);
    }

    [Fact]
    public async Task A_mailbox_alone_takes_no_operators_factor_away()
    {
        var person = await Server.AddPersonAsync(isOperator: true, enrolled: false);
        using var client = await Server.NewClientAsync(person);
        await SecondFactor.TurnOnAsync(client);
        await using var after = CreateDbContext();
        Assert.DoesNotContain(
            "/undo-factor",
            (await after.Mails.SingleAsync(mail => mail.Subject.Contains("turned on"), Ct)).Text,
            StringComparison.Ordinal
        );
        Assert.Empty(await after.SignInChanges.ToListAsync(Ct));
    }

    /// <summary>As if all that was changed so far had been so much earlier.</summary>
    private async Task AgeAsync(TimeSpan by, Guid? of = null)
    {
        await using var db = CreateDbContext();
        await db
            .SignInChanges.Where(change => of == null || change.UserId == of)
            .ExecuteUpdateAsync(set => set.SetProperty(change => change.At, change => change.At - by), Ct);
    }

    /// <summary>Opens the link, takes it back and chooses a new password.</summary>
    private async Task<FormClient> TakenBackAsync(string link, string password = "another good one")
    {
        var owner = Server.NewClient();
        using var undone = await owner.SubmitAsync(link, "Undo the change");
        var reset = undone.Headers.Location?.PathAndQuery ?? throw new InvalidOperationException("It was not taken back.");
        using var chosen = await owner.SubmitAsync(reset, "Change password", ("Password", password));
        Assert.Equal("/sign-in?after=reset", chosen.Headers.Location?.PathAndQuery);
        return owner;
    }

    /// <summary>The owner signs in with the new password and the app he had, if he had one, and the thief's is none.</summary>
    private async Task AssertBackAsync(Person person, string? owners, string thiefs)
    {
        if (owners is null)
        {
            using var client = Server.NewClient();
            using var entered = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", "another good one"));
            Assert.Equal("/dashboard", entered.Headers.Location?.PathAndQuery);
            return;
        }

        await Assert.ThrowsAsync<InvalidOperationException>(() => WithCodeAsync(person, "another good one", thiefs));
        using var signedIn = await WithCodeAsync(person, "another good one", owners);
        Assert.Contains("owner@example.com", (await signedIn.PageAsync("/settings")).Body!.TextContent, StringComparison.Ordinal);
    }

    /// <summary>Signs in with the password and a code of the app with this key, good even if one was used just now.</summary>
    private async Task<FormClient> WithCodeAsync(Person person, string password, string key)
    {
        await using (var db = CreateDbContext())
        {
            await db
                .Users.Where(user => user.Id == person.UserId)
                .ExecuteUpdateAsync(set => set.SetProperty(user => user.LastCodeStep, (long?)null), Ct);
        }

        var client = Server.NewClient();
        using var begun = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", password));
        using var entered = await client.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key)));
        return entered.StatusCode is HttpStatusCode.Found ? client : throw new InvalidOperationException("The code was refused.");
    }
}
