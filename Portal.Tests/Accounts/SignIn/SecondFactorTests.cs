using System.Net;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class SecondFactorTests(OneServer one) : SecondFactorScene(one)
{
    [Fact]
    public async Task Once_set_up_signing_in_asks_for_a_code_and_takes_each_recovery_code_once()
    {
        var person = await Server.AddPersonAsync();
        var (key, codes) = await SetUpAsync(person);
        Assert.Equal(10, codes.Count);

        using var client = await PasswordAsync(person);
        using var wrong = await client.SubmitAsync("/sign-in/second-factor", ("Code", "000000"));
        Assert.Equal(HttpStatusCode.OK, wrong.StatusCode);
        using var right = await client.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key, 1)));
        Assert.Equal("/dashboard", right.Headers.Location?.PathAndQuery);

        using var second = await PasswordAsync(person);
        using var recovered = await second.SubmitAsync("/sign-in/second-factor", ("Code", $" {codes[0]} "));
        Assert.Equal("/dashboard", recovered.Headers.Location?.PathAndQuery);
        using var third = await PasswordAsync(person);
        using var used = await third.SubmitAsync("/sign-in/second-factor", ("Code", codes[0]));
        Assert.Equal(HttpStatusCode.OK, used.StatusCode);
    }

    [Fact]
    public async Task A_code_is_good_once_however_often_and_fast_it_is_sent()
    {
        var person = await Server.AddPersonAsync();
        var (key, _) = await SetUpAsync(person);
        var code = SecondFactor.Code(key, 1);
        var clients = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PasswordAsync(person)));
        var answers = await Task.WhenAll(clients.Select(client => client.SubmitAsync("/sign-in/second-factor", ("Code", code))));
        Assert.Single(answers, answer => answer.StatusCode is HttpStatusCode.Found);

        // Neither is the one before it, which set the app up, although its time is not over.
        var refused = clients[Array.FindIndex(answers, answer => answer.StatusCode is not HttpStatusCode.Found)];
        using var older = await refused.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key)));
        Assert.Contains("used already", (await FormClient.ReadAsync(older)).Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_reads_the_database_learns_neither_the_key_nor_a_recovery_code()
    {
        var person = await Server.AddPersonAsync();
        var (key, codes) = await SetUpAsync(person);
        await using var db = CreateDbContext();
        var kept = await db.UserTokens.Where(token => token.UserId == person.UserId).Select(token => token.Value!).ToListAsync();
        Assert.Equal(2, kept.Count);
        Assert.All(kept, value => Assert.StartsWith("CfDJ8", value, StringComparison.Ordinal));
        var opened = Server
            .Services.GetRequiredService<IDataProtectionProvider>()
            .CreateProtector("Portal.Accounts.SecondFactor", person.UserId.ToString());
        Assert.Equal([key], kept.Select(opened.Unprotect).Where(value => value == key));
        Assert.All(codes, code => Assert.DoesNotContain(kept, value => opened.Unprotect(value).Contains(code, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Keys_and_codes_of_before_are_sealed_by_migrate_and_go_on_as_they_were()
    {
        const string Key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        var person = await Server.AddPersonAsync();
        await using var db = CreateDbContext();
        db.AddRange(
            new IdentityUserToken<Guid>
            {
                UserId = person.UserId,
                LoginProvider = "[AspNetUserStore]",
                Name = "AuthenticatorKey",
                Value = Key,
            },
            new IdentityUserToken<Guid>
            {
                UserId = person.UserId,
                LoginProvider = "[AspNetUserStore]",
                Name = "RecoveryCodes",
                Value = "2B3C4-D5F6G;7H8J9-KMNPQ",
            }
        );
        await db.SaveChangesAsync();
        await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.TwoFactorEnabled, true));
        await using (var services = TestPostgres.ServicesOf(ConnectionString, TestPostgres.KeyRingFile))
        {
            Assert.Equal(0, await Portal.Operators.Commands.MigrateAsync(services, TextWriter.Null, TestContext.Current.CancellationToken));
            Assert.Equal(0, await Portal.Operators.Commands.MigrateAsync(services, TextWriter.Null, TestContext.Current.CancellationToken));
        }

        Assert.All(
            await db.UserTokens.AsNoTracking().ToListAsync(),
            token => Assert.StartsWith("CfDJ8", token.Value, StringComparison.Ordinal)
        );
        using var app = await PasswordAsync(person);
        using var right = await app.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(Key, 1)));
        Assert.Equal("/dashboard", right.Headers.Location?.PathAndQuery);
        using var client = await PasswordAsync(person);
        using var recovered = await client.SubmitAsync("/sign-in/second-factor", ("Code", "7H8J9-KMNPQ"));
        Assert.Equal("/dashboard", recovered.Headers.Location?.PathAndQuery);
        Assert.Contains("One recovery code is left.", (await client.PageAsync("/settings")).Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recovery_code_is_good_once_however_many_send_it_at_the_same_moment()
    {
        var person = await Server.AddPersonAsync();
        var (_, codes) = await SetUpAsync(person);
        var clients = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PasswordAsync(person)));
        var answers = await Task.WhenAll(clients.Select(client => client.SubmitAsync("/sign-in/second-factor", ("Code", codes[0]))));
        Assert.Single(answers, answer => answer.StatusCode is HttpStatusCode.Found);
    }

    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(20000000000, "353130")]
    public void Codes_are_those_of_the_standard(long seconds, string code) =>
        Assert.Equal(
            code,
            Portal.Accounts.Totp.CodeOf(
                "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                Portal.Accounts.Totp.StepOf(DateTimeOffset.FromUnixTimeSeconds(seconds))
            )
        );

    [Fact]
    public async Task A_sign_in_that_waits_for_its_code_ends_with_the_password_with_which_it_began()
    {
        var person = await Server.AddPersonAsync();
        var key = await SecondFactor.TurnOnAsync(Server, person);
        using var thief = await PasswordAsync(person);
        using var owner = await PasswordAsync(person);
        using var entered = await owner.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key, 1)));
        var form = (await thief.PageAsync("/sign-in/second-factor")).Forms.Single();
        using var changed = await owner.SubmitAsync(
            "/settings",
            "Change password",
            ("Current", PortalServer.Password),
            ("Wanted", "another good password")
        );
        Assert.Equal("/settings?done=password", changed.Headers.Location?.PathAndQuery);

        await using var db = CreateDbContext();
        await db.Users.ExecuteUpdateAsync(
            set => set.SetProperty(user => user.LastCodeStep, (long?)null),
            TestContext.Current.CancellationToken
        );
        using var late = await thief.SendAsync("/sign-in/second-factor", form, ("Code", SecondFactor.Code(key)));
        Assert.Equal("/sign-in", late.Headers.Location?.PathAndQuery);
        Assert.DoesNotContain(thief.Cookies.GetAllCookies(), cookie => cookie.Name == Portal.Accounts.HostCookies.Session);
    }

    [Fact]
    public async Task A_new_password_by_mail_makes_no_browser_known_where_a_second_factor_is_still_to_come_and_gets_nobody_past_it()
    {
        var (with, without) = (await Server.AddPersonAsync(), await Server.AddPersonAsync());
        var (key, _) = await SetUpAsync(with);
        foreach (var person in (Person[])[with, without])
        {
            using var client = Server.NewClient();
            using var asked = await client.SubmitAsync("/forgot-password", ("Email", person.Email));
            await using var db = CreateDbContext();
            var mail = await db.Mails.SingleAsync(
                mail => mail.To == person.Email && mail.Subject == "Choose a new password",
                TestContext.Current.CancellationToken
            );
            using var done = await client.SubmitAsync(
                new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery,
                ("Password", "another good password")
            );
            Assert.Equal("/sign-in?after=reset", done.Headers.Location?.PathAndQuery);
            Assert.Equal(
                person == without,
                client.Cookies.GetAllCookies().Any(cookie => cookie.Name == Portal.Accounts.KnownDevices.Cookie)
            );
            Assert.Equal(
                person == without,
                await db.KnownDevices.AnyAsync(device => device.UserId == person.UserId, TestContext.Current.CancellationToken)
            );
            using var begun = await client.SubmitAsync(
                "/sign-in",
                "Sign in",
                ("Email", person.Email),
                ("Password", "another good password")
            );
            Assert.StartsWith(
                person == with ? "/sign-in/second-factor" : "/dashboard",
                begun.Headers.Location?.PathAndQuery,
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task A_new_password_by_mail_gets_nobody_past_the_authenticator_app()
    {
        var person = await Server.AddPersonAsync();
        var (key, _) = await SetUpAsync(person);
        using var client = Server.NewClient();
        using var asked = await client.SubmitAsync("/forgot-password", ("Email", person.Email));
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(
            mail => mail.To == person.Email && mail.Text.Contains("/reset-password"),
            TestContext.Current.CancellationToken
        );
        var link = new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery;
        using var changed = await client.SubmitAsync(link, ("Password", "another good password"));
        Assert.Equal("/sign-in?after=reset", changed.Headers.Location?.PathAndQuery);
        using var entered = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", "another good password"));
        Assert.StartsWith("/sign-in/second-factor", entered.Headers.Location?.PathAndQuery, StringComparison.Ordinal);
        using var shut = await client.GetAsync("/settings");
        Assert.StartsWith("/sign-in", shut.Headers.Location?.PathAndQuery, StringComparison.Ordinal);
        using var right = await client.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key, 1)));
        Assert.Equal("/dashboard", right.Headers.Location?.PathAndQuery);
    }

    /// <summary>Ten letters of 26: 47 bits each.</summary>
    [Fact]
    public async Task Recovery_codes_are_ten_letters_long_and_of_many()
    {
        var (_, codes) = await SetUpAsync(await Server.AddPersonAsync());
        Assert.Equal(10, codes.Distinct(StringComparer.Ordinal).Count());
        Assert.All(codes, code => Assert.Matches("^[2-9BCDFGHJKMNPQRTVWXY]{5}-[2-9BCDFGHJKMNPQRTVWXY]{5}$", code));

        // Of a hundred letters that are drawn from 26 fewer than 18 are different ones once in some hundred thousand million runs.
        Assert.InRange(string.Concat(codes).Distinct().Count(), 18, 27);
    }

    [Fact]
    public async Task Nobody_enters_a_code_who_has_not_entered_a_password()
    {
        using var client = Server.NewClient();
        using var answer = await client.GetAsync("/sign-in/second-factor");
        Assert.Equal("/sign-in", answer.Headers.Location?.PathAndQuery);
    }
}
