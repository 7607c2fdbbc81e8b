using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>What somebody can do who has got hold of a session and of nothing else, and how its owner shuts him out.</summary>
[Trait("Needs", "database")]
public sealed class StolenSessionTests(TestPostgres postgres) : ServedTests(postgres)
{
    [Theory]
    [InlineData("")]
    [InlineData("not it at all")]
    public async Task No_passkey_is_made_without_the_password(string password)
    {
        using var thief = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var options = await AskForOptionsAsync(thief, password);
        Assert.Equal(HttpStatusCode.Forbidden, options.StatusCode);
        Assert.DoesNotContain(
            "challenge",
            await options.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    /// <summary>Its owner had to prove something, and went on with another cookie.</summary>
    [Fact]
    public async Task A_cookie_from_before_a_proof_opens_nothing_after_it_and_the_owner_goes_on()
    {
        var clock = new Later();
        await using var server = await PortalServer.StartAsync(
            ConnectionString,
            builder => builder.Services.AddSingleton<TimeProvider>(clock)
        );
        using var owner = await server.NewClientAsync(await server.AddPersonAsync());
        var stolen = owner.CookieHeader;
        clock.By += TimeSpan.FromMinutes(1);
        using var wrong = await owner.SubmitAsync("/proof?returnUrl=/settings", "Confirm", ("Password", "not it at all"));
        clock.By += TimeSpan.FromSeconds(11);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(stolen, server));
        using var proven = await owner.SubmitAsync("/proof?returnUrl=/settings", "Confirm", ("Password", PortalServer.Password));
        Assert.Equal("/settings", proven.Headers.Location?.PathAndQuery);

        // The same form, sent twice by a double click.
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(stolen, server));
        clock.By += TimeSpan.FromSeconds(11);
        Assert.Equal(HttpStatusCode.Found, await StatusAsync(stolen, server));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(owner.CookieHeader, server));
        await using var db = CreateDbContext();
        Assert.Single(await db.Sessions.Where(session => session.RevokedAt == null).ToListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Signing_in_again_in_a_browser_ends_the_session_that_it_had()
    {
        var (person, other) = (await Server.AddPersonAsync(), await Server.AddPersonAsync());
        var key = await SecondFactor.TurnOnAsync(Server, person);

        // In one tab the password was entered; in another somebody else signs in before the code is.
        using var browser = await Server.NewClientAsync(other);
        var before = browser.CookieHeader;
        using var tab = Server.NewClient();
        using var entered = await tab.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        browser.Cookies.Add(tab.Cookies.GetAllCookies().Single(cookie => cookie.Name is "__Host-portal-second-factor"));
        using var signedIn = await browser.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key, 1)));
        Assert.Equal("/dashboard", signedIn.Headers.Location?.PathAndQuery);
        Assert.Equal(HttpStatusCode.Found, await StatusAsync(before));
        Assert.Contains(person.Email, (await browser.PageAsync("/settings")).Body!.TextContent, StringComparison.Ordinal);
        await using var db = CreateDbContext();
        Assert.Equal(
            "SignOut",
            await db
                .AuditEntries.Where(entry => entry.AccountId == other.AccountId)
                .OrderByDescending(entry => entry.Id)
                .Select(entry => entry.Action)
                .FirstAsync(TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task A_passkey_is_asked_for_with_the_password()
    {
        using var owner = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var options = await AskForOptionsAsync(owner, PortalServer.Password);
        Assert.Contains(
            "challenge",
            await options.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_passkey_that_comes_without_the_password_is_not_looked_at()
    {
        var person = await Server.AddPersonAsync();
        using var thief = await Server.NewClientAsync(person);
        using var added = await thief.SendAsync("/settings", await FormAsync(thief), ("credential", "{}"), ("password", "not it at all"));
        Assert.Equal("/settings?done=passkey-refused", added.Headers.Location?.OriginalString);
        Assert.Equal(0, await PasskeysAsync(person));
    }

    [Fact]
    public async Task A_passkey_that_nobody_was_asked_for_is_none()
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var added = await client.SendAsync(
            "/settings",
            await FormAsync(client),
            ("credential", "{}"),
            ("password", PortalServer.Password)
        );
        Assert.Equal("/settings?done=passkey-refused", added.Headers.Location?.OriginalString);
    }

    /// <summary>As the dialog of a page with a circuit asks for it.</summary>
    [Fact]
    public async Task The_password_is_a_proof_for_who_has_no_second_factor()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        await using var db = CreateDbContext();
        var longAgo = TimeProvider.System.GetUtcNow().AddMinutes(-16);
        await db.Sessions.ExecuteUpdateAsync(
            set => set.SetProperty(session => session.ProvenAt, longAgo),
            TestContext.Current.CancellationToken
        );
        var form = await FormAsync(client);
        form.SetAttribute("action", "/proof/check");
        Assert.Equal(longAgo, await ProvenAtAsync(), TimeSpan.FromSeconds(1));
        using var empty = await client.SendAsync("/proof/check", form, ("credential", ""), ("password", ""));
        Assert.Equal("Enter your password.", await empty.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using var wrong = await client.SendAsync("/proof/check", form, ("credential", ""), ("password", "not it at all"));
        Assert.Equal(HttpStatusCode.Forbidden, wrong.StatusCode);
        Assert.Equal(longAgo, await ProvenAtAsync(), TimeSpan.FromSeconds(1));
        using var right = await client.SendAsync("/proof/check", form, ("credential", ""), ("password", PortalServer.Password));
        Assert.Equal(HttpStatusCode.OK, right.StatusCode);
        Assert.True(await ProvenAtAsync() > longAgo.AddMinutes(15));

        async Task<DateTimeOffset> ProvenAtAsync() =>
            (await db.Sessions.Select(session => session.ProvenAt).SingleAsync(TestContext.Current.CancellationToken))!.Value;
    }

    /// <summary>The cookie of before is taken for ten seconds, for what was under way: not for what wants the proof.</summary>
    [Fact]
    public async Task A_proof_that_the_owner_gave_is_none_of_an_earlier_cookies()
    {
        var person = await Server.AddPersonAsync();
        using var owner = await Server.NewClientAsync(person);
        await using var db = CreateDbContext();
        var longAgo = TimeProvider.System.GetUtcNow().AddMinutes(-16);
        await db.Sessions.ExecuteUpdateAsync(
            set => set.SetProperty(session => session.ProvenAt, longAgo),
            TestContext.Current.CancellationToken
        );
        using var other = await Server.NewClientAsync(person);
        using var thief = Server.NewClient();
        thief.Cookies.Add(owner.Cookies.GetAllCookies());
        using var proven = await owner.SubmitAsync("/proof?returnUrl=/settings", "Confirm", ("Password", PortalServer.Password));
        Assert.Equal("/settings", proven.Headers.Location?.PathAndQuery);
        using var asked = await thief.SubmitAsync("/settings", "End all others");
        Assert.StartsWith("/proof?returnUrl=", asked.Headers.Location?.OriginalString, StringComparison.Ordinal);
        using var ended = await owner.SubmitAsync("/settings", "End all others");
        Assert.Equal("/settings?done=sessions", ended.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task A_new_password_by_mail_removes_passkeys_and_the_mail_and_the_page_say_so()
    {
        var person = await Server.AddPersonAsync();
        await AddPasskeyAsync(person);
        using var client = Server.NewClient();
        using var asked = await client.SubmitAsync("/forgot-password", ("Email", person.Email));
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync();
        Assert.Contains("removes all passkeys", mail.Text, StringComparison.Ordinal);
        var link = new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery;
        Assert.Contains("your passkeys are removed", (await client.PageAsync(link)).Body!.TextContent, StringComparison.Ordinal);

        using var done = await client.SubmitAsync(link, ("Password", "another good password"));

        Assert.Equal("/sign-in?after=reset", done.Headers.Location?.PathAndQuery);
        Assert.Equal(0, await PasskeysAsync(person));
        Assert.Equal(
            """{"RemovedPasskeys": 1}""",
            await db.AuditEntries.Where(entry => entry.Action == "ResetPassword").Select(entry => entry.After).SingleAsync()
        );
        Assert.True(await db.Mails.AnyAsync(sent => sent.Subject.Contains("all passkeys removed")));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task Changing_the_password_offers_to_remove_passkeys(bool removes, int left)
    {
        var person = await Server.AddPersonAsync();
        await AddPasskeyAsync(person);
        using var client = await Server.NewClientAsync(person);
        (string, string)[] ticked = removes ? [("RemovesPasskeys", "true")] : [];
        using var changed = await client.SubmitAsync(
            "/settings",
            "Change password",
            [("Current", PortalServer.Password), ("Wanted", "another good password"), .. ticked]
        );
        Assert.Equal("/settings?done=password", changed.Headers.Location?.PathAndQuery);
        Assert.Equal(left, await PasskeysAsync(person));
    }

    private async Task<HttpStatusCode> StatusAsync(string cookies, PortalServer? server = null)
    {
        using var client = (server ?? Server).NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/settings") { Headers = { { "Cookie", cookies } } };
        using var answer = await client.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static async Task<AngleSharp.Html.Dom.IHtmlFormElement> FormAsync(FormClient client) =>
        (await client.PageAsync("/settings")).Forms.Single(form => form.GetAttribute("data-passkey") == "create");

    private static async Task<HttpResponseMessage> AskForOptionsAsync(FormClient client, string password)
    {
        var token = (await FormAsync(client)).QuerySelector("[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        using var content = new FormUrlEncodedContent([
            KeyValuePair.Create("__RequestVerificationToken", token),
            KeyValuePair.Create("password", password),
        ]);
        return await client.Http.PostAsync(
            new Uri("/settings/passkeys/creation-options", UriKind.Relative),
            content,
            TestContext.Current.CancellationToken
        );
    }

    /// <summary>As if a browser had made it; nothing here signs in with it.</summary>
    private async Task AddPasskeyAsync(Person person)
    {
        await using var scope = Server.Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var user = await users.FindByIdAsync(person.UserId.ToString());
        var passkey = new UserPasskeyInfo(
            [1, 2, 3],
            [4],
            Tenant.Epoch,
            0,
            [],
            isUserVerified: true,
            isBackupEligible: false,
            isBackedUp: false,
            [5],
            [6]
        );
        Assert.True((await users.AddOrUpdatePasskeyAsync(user!, passkey)).Succeeded);
    }

    private async Task<int> PasskeysAsync(Person person)
    {
        await using var scope = Server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDb>();
        return await db.Set<IdentityUserPasskey<Guid>>().CountAsync(passkey => passkey.UserId == person.UserId);
    }

    private sealed class Later : TimeProvider
    {
        public TimeSpan By { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + By;
    }
}
