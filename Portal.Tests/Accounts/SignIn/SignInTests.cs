using System.Buffers.Binary;
using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class SignInTests(TestPostgres postgres) : MailedLinkScene(postgres)
{
    [Theory]
    [InlineData("/billing", "/billing")]
    [InlineData("https://evil.example", "/dashboard")]
    [InlineData("//evil.example", "/dashboard")]
    [InlineData("/\\evil.example", "/dashboard")]
    [InlineData("/\t/evil.example", "/dashboard")]
    [InlineData("javascript:alert(1)", "/dashboard")]
    public async Task Leads_on_within_this_site_only(string returnUrl, string target)
    {
        var person = await Server.AddPersonAsync();
        using var client = Server.NewClient();
        using var answer = await client.SubmitAsync(
            $"/sign-in?returnUrl={Uri.EscapeDataString(returnUrl)}",
            "Sign in",
            ("Email", person.Email),
            ("Password", PortalServer.Password)
        );
        Assert.Equal(new Uri(Server.Address, target), answer.Headers.Location);
    }

    /// <summary>
    /// The web of the tests takes fewer rounds, as people come and sign in by the hundred: what it was told first is Portal's own.
    /// </summary>
    [Fact]
    public async Task A_hash_of_fewer_rounds_is_made_anew_at_the_sign_in_and_Portal_s_own_are_as_hard_as_is_advised()
    {
        var own = new PasswordHasherOptions();
        await using (
            var other = await PortalServer.StartAsync(
                ConnectionString,
                builder =>
                    builder
                        .Services.Where(service => service.ServiceType == typeof(IConfigureOptions<PasswordHasherOptions>))
                        .Select(service => service.ImplementationInstance)
                        .OfType<IConfigureOptions<PasswordHasherOptions>>()
                        .First()
                        .Configure(own)
            )
        )
        {
            Assert.Equal((210_000, PasswordHasherCompatibilityMode.IdentityV3), (own.IterationCount, own.CompatibilityMode));
        }

        var person = await Server.AddPersonAsync();
        await using var db = CreateDbContext();
        var old = new PasswordHasher<User>(Options.Create(new PasswordHasherOptions { IterationCount = 500 })).HashPassword(
            null!,
            PortalServer.Password
        );
        await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.PasswordHash, old), TestContext.Current.CancellationToken);
        Assert.Equal((2, 500), Hashing(old));
        using var client = await Server.NewClientAsync(person);
        Assert.Equal(
            (2, 1000),
            Hashing(
                await db
                    .Users.Where(user => user.Id == person.UserId)
                    .Select(user => user.PasswordHash!)
                    .SingleAsync(TestContext.Current.CancellationToken)
            )
        );
        using var again = await Server.NewClientAsync(person);

        // https://github.com/dotnet/aspnetcore/blob/main/src/Identity/Extensions.Core/src/PasswordHasher.cs: a byte for the version, the
        // function (2 is HMAC-SHA512), the rounds.
        static (int Function, int Rounds) Hashing(string hash) =>
            Convert.FromBase64String(hash) is var bytes
                ? (BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(1)), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(5)))
                : default;
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_address_are_answered_alike_and_as_late_also_when_they_have_to_wait()
    {
        var person = await Server.AddPersonAsync();
        await SignInAsync("warm@example.com", "it up first");
        for (var time = 0; time < 7; time++)
        {
            var (wrong, unknown) = (
                await SignInAsync(person.Email, "wrong password"),
                await SignInAsync("nobody@example.com", "wrong password")
            );
            Assert.StartsWith(
                time < 5 ? "Incorrect e-mail or password." : "Too many attempts with this address. Wait ",
                wrong.Sentence,
                StringComparison.Ordinal
            );
            Assert.Equal(wrong.Sentence![..40], unknown.Sentence![..40]);
            Assert.All([wrong, unknown], answer => Assert.InRange(answer.Time.TotalMilliseconds, 380, 5000));
        }
    }

    [Fact]
    public async Task A_new_password_by_mail_lets_its_browser_in_whatever_was_tried_from_its_network()
    {
        var person = await Server.AddPersonAsync();
        for (var time = 0; time < 5; time++)
        {
            await SignInAsync(person.Email, "wrong password");
        }

        Assert.NotNull((await SignInAsync(person.Email, PortalServer.Password)).Sentence);
        using var client = Server.NewClient();
        using var asked = await client.SubmitAsync("/forgot-password", ("Email", person.Email));
        using var done = await client.SubmitAsync(await LinkAsync(person.Email), ("Password", "another good password"));
        Assert.Equal("/sign-in?after=reset", done.Headers.Location?.PathAndQuery);
        client.SendKnownDevice();
        using var signedIn = await client.SubmitAsync(
            "/sign-in",
            "Sign in",
            ("Email", person.Email),
            ("Password", "another good password")
        );
        Assert.Equal("/dashboard", signedIn.Headers.Location?.PathAndQuery);
        using var again = await client.SubmitAsync(await LinkAsync(person.Email), ("Password", "a third good password"));
        Assert.Contains("used already", (await FormClient.ReadAsync(again)).Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Asking_for_a_new_password_is_answered_alike_for_known_and_unknown_addresses()
    {
        var person = await Server.AddPersonAsync(email: "known@example.com");
        var unconfirmed = await Server.AddPersonAsync(confirmed: false, email: "claim@example.com");
        using var client = Server.NewClient();
        async Task<string> AskAsync(string email)
        {
            using var answer = await client.SubmitAsync("/forgot-password", ("Email", email));
            return (await FormClient.ReadAsync(answer)).QuerySelector("main")!.TextContent.Replace(email, "", StringComparison.Ordinal);
        }

        var known = await AskAsync(person.Email);
        Assert.Equal(known, await AskAsync("nobody@example.com"));
        Assert.Equal(known, await AskAsync(unconfirmed.Email));
        await using var db = CreateDbContext();
        Assert.Equal(person.Email, (await db.Mails.SingleAsync()).To);
    }

    [Fact]
    public async Task A_password_is_taken_exactly_as_it_was_typed()
    {
        const string Email = "ada@example.com";
        var password = $" Straße und {string.Concat(Enumerable.Repeat("Brücke7 ", 13))}Ende ";
        Assert.InRange(password.Length, 73, Passwords.MaxLength);
        using var client = Server.NewClient();
        using var signedUp = await client.SubmitAsync("/sign-up", ("Email", Email), ("Password", password));
        Assert.Equal(HttpStatusCode.Found, signedUp.StatusCode);
        foreach (
            var other in (string[])
                [password.Trim(), password.ToLowerInvariant(), password[..72], password.Replace("ü", "u\u0308", StringComparison.Ordinal)]
        )
        {
            Assert.NotEqual(password, other);
            Assert.StartsWith("Incorrect e-mail or password.", (await SignInAsync(Email, other)).Sentence, StringComparison.Ordinal);
        }

        Assert.Null((await SignInAsync(Email, password)).Sentence);
    }

    [Theory]
    [InlineData("ada\u0001@example.com")]
    [InlineData("no address")]
    public async Task What_cannot_be_an_address_is_answered_as_an_unknown_one(string email) =>
        Assert.StartsWith("Incorrect e-mail or password.", (await SignInAsync(email, "wrong password")).Sentence, StringComparison.Ordinal);

    [Fact]
    public async Task A_form_without_its_antiforgery_token_is_refused_in_words()
    {
        using var client = Server.NewClient();
        using var content = new FormUrlEncodedContent([
            KeyValuePair.Create("_handler", "sign-in"),
            KeyValuePair.Create("Email", "ada@example.com"),
        ]);
        using var answer = await client.Http.PostAsync(
            new Uri("/sign-in", UriKind.Relative),
            content,
            TestContext.Current.CancellationToken
        );
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }
}
