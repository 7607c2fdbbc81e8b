using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class AddressChangeTests(TestPostgres postgres) : ServedTests(postgres)
{
    private const string Confirm = "Use this address";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_new_mailbox_confirms_and_the_old_one_is_told()
    {
        var person = await Server.AddPersonAsync(email: "old@example.com");
        using var client = await Server.NewClientAsync(person);
        using var other = await Server.NewClientAsync(person);
        var link = await AskAsync(client, "new@example.com");
        using var opened = await client.GetAsync(link);
        Assert.Equal("old@example.com", (await UserAsync(person)).Email);

        // The link is worth nothing to anybody else, whoever reads the new mailbox.
        using var stranger = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var strangers = await stranger.SubmitAsync(link, Confirm);
        Assert.Contains("belongs to another account", (await FormClient.ReadAsync(strangers)).Body!.TextContent, StringComparison.Ordinal);
        using var confirmed = await client.SubmitAsync(link, Confirm);
        Assert.Equal("/settings?done=address", confirmed.Headers.Location?.PathAndQuery);
        Assert.Equal(("new@example.com", true), ((await UserAsync(person)).Email, (await UserAsync(person)).EmailConfirmed));
        Assert.Contains("new@example.com", (await client.PageAsync("/settings")).Body!.TextContent, StringComparison.Ordinal);
        using var ended = await other.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.Found, ended.StatusCode);
        using var again = await Server.NewClientAsync(person with { Email = "new@example.com" });
        await using var db = CreateDbContext();
        Assert.Equal(
            "old@example.com",
            (await db.Mails.SingleAsync(mail => mail.Subject == "The e-mail address of your Portal account was changed", Ct)).To
        );
    }

    [Fact]
    public async Task The_old_mailbox_takes_a_thiefs_changes_back_for_a_week_and_shuts_the_thief_out()
    {
        var person = await Server.AddPersonAsync(email: "owner@example.com");
        using var thief = await Server.NewClientAsync(person);
        using var first = await thief.SubmitAsync(await AskAsync(thief, "thief@example.com"), Confirm);
        using var second = await thief.SubmitAsync(await AskAsync(thief, "thief2@example.com"), Confirm);
        var (owners, thiefs) = (await UndoLinkAsync("owner@example.com"), await UndoLinkAsync("thief@example.com"));

        using var owner = Server.NewClient();
        Assert.Contains("Undo the change", (await owner.PageAsync(owners)).Body!.TextContent, StringComparison.Ordinal);
        Assert.Equal("thief2@example.com", (await UserAsync(person)).Email);
        using var undone = await owner.SubmitAsync(owners, "Undo the change");
        var user = await UserAsync(person);
        Assert.Equal(("owner@example.com", true, null), (user.Email, user.EmailConfirmed, user.PasswordHash));
        using var shut = await thief.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.Found, shut.StatusCode);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Server.NewClientAsync(person));

        // It led on to a new password; neither link works again, least of all the one to the thief's mailbox.
        var reset = undone.Headers.Location!.PathAndQuery;
        Assert.StartsWith("/reset-password?", reset, StringComparison.Ordinal);
        using var chosen = await owner.SubmitAsync(reset, "Change password", ("Password", "another good one"));
        Assert.Equal("/sign-in?after=reset", chosen.Headers.Location?.PathAndQuery);
        foreach (var used in (string[])[owners, thiefs])
        {
            using var refused = await owner.SubmitAsync(used, "Undo the change");
            Assert.Contains(
                "older than a week or was used already",
                (await FormClient.ReadAsync(refused)).Body!.TextContent,
                StringComparison.Ordinal
            );
        }

        Assert.Equal("owner@example.com", (await UserAsync(person)).Email);
    }

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

    [Fact]
    public async Task After_a_week_it_cannot_be_taken_back_and_a_second_factor_from_before_stays_on()
    {
        var person = await Server.AddPersonAsync(email: "ada@example.com");
        using var client = await Server.NewClientAsync(person);
        using var changed = await client.SubmitAsync(await AskAsync(client, "ada2@example.com"), Confirm);
        var link = await UndoLinkAsync("ada@example.com");
        await using var db = CreateDbContext();
        await db.SignInChanges.ExecuteUpdateAsync(
            set =>
                set.SetProperty(change => change.At, change => change.At.AddDays(-7)).SetProperty(change => change.HadSecondFactor, true),
            Ct
        );
        using var late = await client.SubmitAsync(link, "Undo the change");
        Assert.Contains("older than a week", (await FormClient.ReadAsync(late)).Body!.TextContent, StringComparison.Ordinal);
        await db.SignInChanges.ExecuteUpdateAsync(set => set.SetProperty(change => change.At, change => change.At.AddDays(1)), Ct);
        await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.TwoFactorEnabled, true), Ct);
        using var inTime = await client.SubmitAsync(link, "Undo the change");
        Assert.Equal(HttpStatusCode.Found, inTime.StatusCode);
        Assert.True((await UserAsync(person)).TwoFactorEnabled);
    }

    [Fact]
    public async Task It_wants_the_password_and_tells_nothing_of_an_address_that_is_anothers()
    {
        var (person, other) = (
            await Server.AddPersonAsync(email: "ada@example.com"),
            await Server.AddPersonAsync(email: "bob@example.com")
        );
        using var client = await Server.NewClientAsync(person);
        using var wrong = await client.SubmitAsync(
            "/settings",
            "Send the link",
            ("NewAddress", "new@example.com"),
            ("AddressPassword", "not it at all")
        );
        Assert.Contains(
            "That is not your current password.",
            (await FormClient.ReadAsync(wrong)).Body!.TextContent,
            StringComparison.Ordinal
        );
        await using var db = CreateDbContext();
        Assert.Empty(await db.Mails.ToListAsync(Ct));

        using var taken = await client.SubmitAsync(
            "/settings",
            "Send the link",
            ("NewAddress", other.Email),
            ("AddressPassword", PortalServer.Password)
        );
        Assert.Equal("/settings?done=address-asked", taken.Headers.Location?.PathAndQuery);
        var mail = await db.Mails.SingleAsync(Ct);
        Assert.Equal((other.Email, false), (mail.To, mail.Text.Contains("code=", StringComparison.Ordinal)));
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

    /// <returns>The link in the mail to the new address.</returns>
    private async Task<string> AskAsync(FormClient client, string wanted)
    {
        using var asked = await client.SubmitAsync(
            "/settings",
            "Send the link",
            ("NewAddress", wanted),
            ("AddressPassword", PortalServer.Password)
        );
        Assert.Equal("/settings?done=address-asked", asked.Headers.Location?.PathAndQuery);
        return await LinkAsync(wanted, "/settings/email?");
    }

    private Task<string> UndoLinkAsync(string to) => LinkAsync(to, "/undo-email?");

    private async Task<string> LinkAsync(string to, string page, string subject = "")
    {
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(mail => mail.To == to && mail.Text.Contains(page) && mail.Subject.StartsWith(subject), Ct);
        return new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery;
    }

    private async Task<User> UserAsync(Person person)
    {
        await using var db = CreateDbContext();
        return await db.Users.AsNoTracking().SingleAsync(user => user.Id == person.UserId, Ct);
    }
}
