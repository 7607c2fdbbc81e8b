using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Closing;

/// <summary>The form by which an account is closed, and that nobody comes back into it afterwards, whichever way.</summary>
[Trait("Needs", "database")]
public sealed class CloseAccountTests(TestPostgres postgres) : CloseAccountScene(postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_wants_the_address_and_the_password_and_a_stolen_session_has_to_wait_as_elsewhere()
    {
        var person = await Server.AddPersonAsync();
        using var thief = await Server.NewClientAsync(person);
        Assert.Equal(
            "That is not the e-mail address of this account.",
            await RefusalAsync(thief, "somebody@example.com", PortalServer.Password)
        );
        Assert.Equal("Enter your password.", await RefusalAsync(thief, person.Email, ""));
        for (var time = 0; time < 5; time++)
        {
            await RefusalAsync(thief, person.Email, $"guess {time}");
        }

        Assert.Equal("Too many wrong passwords. Wait 30 seconds.", await RefusalAsync(thief, person.Email, PortalServer.Password));
        await using var db = CreateDbContext();
        Assert.Equal("active", (await db.Accounts.SingleAsync(account => account.Id == person.AccountId, Ct)).Status);
        Assert.Empty(await db.AuditEntries.Where(row => row.Action == "CloseAccount").ToListAsync(Ct));
    }

    [Fact]
    public async Task Every_session_ends_and_neither_password_nor_mailed_link_nor_old_cookie_leads_back()
    {
        var person = await Server.AddPersonAsync();
        using var other = await Server.NewClientAsync(person);
        using var client = await Server.NewClientAsync(person);
        var reset = await ResetLinkAsync(person);
        var cookies = client.CookieHeader;
        var followed = await CloseAsync(client, person);

        foreach (var gone in (FormClient[])[client, other])
        {
            using var answer = await gone.GetAsync("/settings");
            Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        }

        using (var stolen = Server.NewClient())
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/settings") { Headers = { { "Cookie", cookies } } };
            using var answer = await stolen.Http.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        }

        using var again = Server.NewClient();
        using var refused = await again.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        Assert.Contains("Incorrect e-mail or password", (await FormClient.ReadAsync(refused)).Body!.TextContent, StringComparison.Ordinal);
        using var useless = await again.SubmitAsync(reset, ("Password", "another good password"));
        Assert.Contains(
            "older than a day or was used already",
            (await FormClient.ReadAsync(useless)).Body!.TextContent,
            StringComparison.Ordinal
        );
        using var asked = await again.SubmitAsync("/forgot-password", ("Email", person.Email));
        await using var db = CreateDbContext();
        Assert.Equal(
            ["Your Portal account is being closed"],
            await db
                .Mails.Where(mail => mail.To == person.Email && mail.Subject.StartsWith("Your"))
                .Select(mail => mail.Subject)
                .ToListAsync(Ct)
        );
        Assert.Contains(
            followed,
            (await db.Mails.SingleAsync(mail => mail.To == person.Email && mail.Subject.StartsWith("Your"), Ct)).Text,
            StringComparison.Ordinal
        );
        Assert.Equal(
            [(person.Email, person.AccountId)],
            (await db.AuditEntries.Where(row => row.Action == "CloseAccount").ToListAsync(Ct)).Select(row => (row.Who, row.ResourceId!))
        );
    }

    [Fact]
    public async Task Passkeys_and_the_second_factor_are_erased()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        await using (var scope = Server.Services.CreateAsyncScope())
        {
            var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
            var user = (await users.FindByIdAsync(person.UserId.ToString()))!;
            await users.AddOrUpdatePasskeyAsync(
                user,
                new UserPasskeyInfo(
                    [1, 2, 3],
                    [4],
                    DateTimeOffset.UnixEpoch,
                    0,
                    [],
                    isUserVerified: true,
                    isBackupEligible: false,
                    isBackedUp: false,
                    attestationObject: [5],
                    clientDataJson: [6]
                )
            );
            await users.SetAuthenticationTokenAsync(user, "[AspNetUserStore]", "AuthenticatorKey", users.GenerateNewAuthenticatorKey());
        }

        await CloseAsync(client, person);
        await using var db = CreateDbContext();
        Assert.Empty(await db.UserPasskeys.Where(passkey => passkey.UserId == person.UserId).ToListAsync(Ct));
        Assert.Empty(await db.UserTokens.Where(token => token.UserId == person.UserId).ToListAsync(Ct));
        Assert.Null((await db.Users.SingleAsync(user => user.Id == person.UserId, Ct)).PasswordHash);
    }

    [Fact]
    public async Task A_request_that_had_read_the_person_before_brings_nothing_back()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        await using var scope = Server.Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var early = (await users.FindByIdAsync(person.UserId.ToString()))!;
        await CloseAsync(client, person);
        Assert.Equal("ConcurrencyFailure", Assert.Single((await users.AccessFailedAsync(early)).Errors).Code);
        await using var db = CreateDbContext();
        var kept = await db.Users.SingleAsync(user => user.Id == person.UserId, Ct);
        Assert.Equal((null, null, false), (kept.PasswordHash, kept.NormalizedEmail, kept.EmailConfirmed));
    }

    [Fact]
    public async Task Nothing_new_comes_into_it()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        await CloseAsync(client, person);
        await using var db = CreateDbContext();
        Assert.Equal(CreateRule.Closing, await CardCheck.WhyNoBillingAsync(db, person.AccountId, TimeProvider.System.GetUtcNow(), Ct));
        var keys = Server.Services.GetRequiredService<KeyPairs>();
        Assert.Equal(
            CreateRule.Closing,
            (await keys.ImportAsync(new Actor(person.AccountId, person.UserId, person.Email, null), "late", AnAccount.Ed25519, Ct)).Reason
        );
        Assert.Equal(
            CreateRule.Closing,
            CreateNetwork.WhyNotMore(await db.Accounts.SingleAsync(account => account.Id == person.AccountId, Ct), 0)
        );
    }

    [Fact]
    public async Task The_address_is_free_for_a_new_account_which_has_nothing_of_the_old_one()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        await CloseAsync(client, person);
        var next = await Server.AddPersonAsync(email: person.Email);
        Assert.NotEqual(person.AccountId, next.AccountId);
        using var fresh = await Server.NewClientAsync(next);
        var page = await fresh.PageAsync("/audit");
        Assert.DoesNotContain("CloseAccount", page.Body!.TextContent, StringComparison.Ordinal);
    }

    private async Task<string> ResetLinkAsync(Person person)
    {
        using var anybody = Server.NewClient();
        using var asked = await anybody.SubmitAsync("/forgot-password", ("Email", person.Email));
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(mail => mail.To == person.Email && mail.Text.Contains("/reset-password"), Ct);
        db.Mails.Remove(mail);
        await db.SaveChangesAsync(Ct);
        return new Uri(mail.Text.Split('\n').First(line => line.Contains("/reset-password", StringComparison.Ordinal))).PathAndQuery;
    }
}
