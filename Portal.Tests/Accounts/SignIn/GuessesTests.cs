using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>Who guesses waits; whose account it is does not.</summary>
[Trait("Needs", "database")]
public sealed class GuessesTests(TestPostgres postgres) : ServedTests(postgres)
{
    private const string Attacker = "203.0.113.66";
    private const string Home = "198.51.100.7";

    // So that a client can come from any network.
    protected override (string Key, string Value)[] Settings => [("Portal:KnownProxies", "127.0.0.1")];

    [Fact]
    public async Task A_stranger_at_another_network_cannot_keep_the_owner_out()
    {
        var person = await Server.AddPersonAsync();
        Assert.Equal(HttpStatusCode.TooManyRequests, await GuessAsync(Server, person, Attacker, 6));
        using var stranger = Server.NewClient().From(Attacker);
        Assert.Equal(HttpStatusCode.TooManyRequests, await SignInAsync(stranger, person));
        using var owner = Server.NewClient().From(Home);
        Assert.Equal(HttpStatusCode.Found, await SignInAsync(owner, person));
    }

    [Fact]
    public async Task Two_webs_on_one_database_count_guesses_as_one()
    {
        await using var other = await PortalServer.StartAsync(ConnectionString, settings: Settings);
        var person = await Server.AddPersonAsync();
        Assert.Equal(HttpStatusCode.OK, await GuessAsync(Server, person, Attacker, 3));
        Assert.Equal(HttpStatusCode.OK, await GuessAsync(other, person, Attacker, 2));
        Assert.Equal(HttpStatusCode.TooManyRequests, await GuessAsync(other, person, Attacker, 1));
        Assert.Equal(HttpStatusCode.TooManyRequests, await GuessAsync(Server, person, Attacker, 1));
    }

    [Fact]
    public async Task Guesses_from_everywhere_slow_unknown_browsers_and_none_that_the_account_knows()
    {
        var person = await Server.AddPersonAsync();
        using var owner = await Server.NewClientAsync(person);
        owner.SendKnownDevice();
        await GuessFromEverywhereAsync(GuessedAt.Password, $"{person.Email.ToUpperInvariant()} confirmed", 50);

        using var unknown = Server.NewClient().From(Home);
        Assert.Equal(HttpStatusCode.TooManyRequests, await SignInAsync(unknown, person));
        Forget(owner, "portal");
        Assert.Equal(HttpStatusCode.Found, await SignInAsync(owner.From(Attacker), person));
        await LaterAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(HttpStatusCode.Found, await SignInAsync(unknown, person));
    }

    [Fact]
    public async Task A_known_browser_waits_after_wrong_passwords_of_its_own()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        client.SendKnownDevice();
        Forget(client, "portal");
        for (var time = 0; time < 5; time++)
        {
            Assert.Equal(HttpStatusCode.OK, await SignInAsync(client, person, $"guess {time}"));
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, await SignInAsync(client, person));
        await LaterAsync(TimeSpan.FromSeconds(31));
        Assert.Equal(HttpStatusCode.Found, await SignInAsync(client, person));
    }

    /// <summary>
    /// Anybody may claim an address (docs/decisions/sign-up.md): neither the browser nor the right password of a claim opens a way to guess
    /// at the owner's.
    /// </summary>
    [Fact]
    public async Task Who_claims_an_address_comes_past_no_guard_of_its_owner()
    {
        var owner = await Server.AddPersonAsync();
        using var thief = Server.NewClient().From(Attacker);
        using var claimed = await thief.SubmitAsync("/sign-up", ("Email", owner.Email), ("Password", "what a thief uses"));
        thief.SendKnownDevice();
        Forget(thief, "portal");
        for (var time = 0; time < 4; time++)
        {
            Assert.Equal(HttpStatusCode.OK, await SignInAsync(thief, owner, $"guess {time}"));
        }

        Assert.Equal(HttpStatusCode.Found, await SignInAsync(thief, owner, "what a thief uses"));
        Forget(thief, "portal");
        await LaterAsync(TimeSpan.FromSeconds(1));
        Assert.NotEqual(HttpStatusCode.Found, await SignInAsync(thief, owner));
    }

    [Fact]
    public async Task Wrong_codes_slow_their_network_and_no_browser_that_the_account_knows()
    {
        var person = await Server.AddPersonAsync();
        var key = await SecondFactor.TurnOnAsync(Server, person);
        using var owner = await PasswordAsync(person, Home);
        using var entered = await owner.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key, 1)));
        Assert.Equal("/dashboard", entered.Headers.Location?.PathAndQuery);
        owner.SendKnownDevice();
        Forget(owner, "portal");

        using var thief = await PasswordAsync(person, Attacker);
        for (var time = 0; time < 6; time++)
        {
            using var wrong = await thief.SubmitAsync("/sign-in/second-factor", ("Code", time % 2 == 0 ? "000000" : "AAAAA-AAAAA"));
            Assert.Contains(
                time < 5 ? "incorrect" : "Too many wrong codes. Wait 30 seconds.",
                (await FormClient.ReadAsync(wrong)).Body!.TextContent,
                StringComparison.Ordinal
            );
        }

        await GuessFromEverywhereAsync(GuessedAt.Code, person.UserId.ToString(), 20);
        using var elsewhere = await PasswordAsync(person, "192.0.2.5");
        using var slowed = await elsewhere.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key, 1)));
        Assert.Contains("Too many wrong codes", (await FormClient.ReadAsync(slowed)).Body!.TextContent, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.Found, await SignInAsync(owner, person));
        await using var db = CreateDbContext();
        await db.Database.ExecuteSqlAsync($"""UPDATE "Users" SET "LastCodeStep" = NULL""");
        using var again = await owner.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key)));
        Assert.Equal("/dashboard", again.Headers.Location?.PathAndQuery);
    }

    [Fact]
    public async Task A_sign_in_in_a_new_browser_is_mailed_but_not_the_first_of_all_and_ending_its_session_forgets_a_browser()
    {
        var person = await Server.AddPersonAsync();
        using var first = await Server.NewClientAsync(person);
        Assert.Equal(0, await NewsAsync(person));
        first.SendKnownDevice();
        Forget(first, "portal");
        await SignInAsync(first, person);
        first.SendKnownDevice();
        Assert.Equal(0, await NewsAsync(person));
        using var second = await Server.NewClientAsync(person);
        Assert.Equal(1, await NewsAsync(person));
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(mail => mail.To == person.Email);
        Assert.Contains("with Firefox on Linux at ", mail.Text, StringComparison.Ordinal);
        Assert.Contains("from 127.0.0.1.", mail.Text, StringComparison.Ordinal);

        second.SendKnownDevice();
        using var ended = await first.SubmitAsync("/settings", "End all others");
        await SignInAsync(second, person);
        Assert.Equal(2, await NewsAsync(person));
        Forget(first, "portal");
        await SignInAsync(first, person);
        Assert.Equal(2, await NewsAsync(person));
    }

    private static async Task<HttpStatusCode> SignInAsync(FormClient client, Person person, string password = PortalServer.Password)
    {
        using var answer = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", password));
        return answer.StatusCode;
    }

    /// <returns>The last answer.</returns>
    private static async Task<HttpStatusCode> GuessAsync(PortalServer server, Person person, string network, int times)
    {
        using var client = server.NewClient().From(network);
        var answer = HttpStatusCode.Unused;
        for (var time = 0; time < times; time++)
        {
            answer = await SignInAsync(client, person, $"guess {time}");
        }

        return answer;
    }

    private static void Forget(FormClient client, string name) =>
        client
            .Cookies.GetAllCookies()
            .Where(cookie => cookie.Name.EndsWith(name, StringComparison.Ordinal))
            .ToList()
            .ForEach(cookie => cookie.Expired = true);

    private async Task GuessFromEverywhereAsync(GuessedAt what, string whose, int times)
    {
        var guesses = Server.Services.GetRequiredService<Guesses>();
        for (var number = 0; number < times; number++)
        {
            await guesses.BeginAsync(what, whose, new IPAddress([192, 0, 2, (byte)(100 + number)]), default);
        }
    }

    private async Task<FormClient> PasswordAsync(Person person, string network)
    {
        var client = Server.NewClient().From(network);
        using var answer = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        Assert.StartsWith("/sign-in/second-factor", answer.Headers.Location?.PathAndQuery, StringComparison.Ordinal);
        return client;
    }

    private async Task<int> NewsAsync(Person person)
    {
        await using var db = CreateDbContext();
        return await db.Mails.CountAsync(mail => mail.To == person.Email && mail.Subject == "New sign-in to your Portal account");
    }

    /// <summary>As if all that was counted had been so much earlier.</summary>
    private async Task LaterAsync(TimeSpan time)
    {
        await using var db = CreateDbContext();
        await db.Database.ExecuteSqlAsync($"""UPDATE "Throttles" SET "At" = "At" - {time}, "Until" = "Until" - {time}""");
    }
}
