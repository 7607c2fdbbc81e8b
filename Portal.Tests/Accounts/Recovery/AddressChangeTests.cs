using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class AddressChangeTests(TestPostgres postgres) : AddressChangeScene(postgres)
{
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
}
