using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class SessionTests(TestPostgres postgres) : ServedTests(postgres)
{
    [Fact]
    public async Task A_revoked_session_is_refused_at_its_next_request_and_the_others_go_on()
    {
        var person = await Server.AddPersonAsync();
        using var one = await Server.NewClientAsync(person);
        using var other = await Server.NewClientAsync(person);
        var page = await one.PageAsync("/settings");
        Assert.Contains("Firefox on Linux", page.QuerySelector("#sessions")!.TextContent, StringComparison.Ordinal);
        var end = page.Forms.Single(form => form.Action.EndsWith("/revoke", StringComparison.Ordinal));
        using var ended = await one.SendAsync("/settings", end);

        Assert.Equal(HttpStatusCode.Found, ended.StatusCode);
        using var refused = await other.GetAsync("/settings");
        Assert.Equal("/sign-in?returnUrl=%2Fsettings", refused.Headers.Location?.PathAndQuery);
        using var kept = await one.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
    }

    [Fact]
    public async Task A_suspension_ends_all_sessions_for_good_and_people_can_sign_in_again_to_read_why()
    {
        var person = await Server.AddPersonAsync();
        using var before = await Server.NewClientAsync(person);
        await SuspendAsync(person, isToBe: true);
        using var ended = await before.GetAsync("/dashboard");
        Assert.Equal("/sign-in?returnUrl=%2Fdashboard", ended.Headers.Location?.PathAndQuery);

        using var after = await Server.NewClientAsync(person);
        Assert.Contains(CreateRule.Suspended, (await after.PageAsync("/dashboard")).Body!.TextContent, StringComparison.Ordinal);
        await SuspendAsync(person, isToBe: false);
        using var still = await before.GetAsync("/dashboard");
        Assert.Equal(HttpStatusCode.Found, still.StatusCode);
        Assert.DoesNotContain(CreateRule.Suspended, (await after.PageAsync("/dashboard")).Body!.TextContent, StringComparison.Ordinal);
    }

    /// <summary>
    /// Who has the password may sign in all the time: that must not keep its owner from it, nor make sessions without end.
    /// </summary>
    [Fact]
    public async Task However_often_somebody_signs_in_the_owner_is_let_in_and_out_and_what_was_used_longest_ago_ends()
    {
        var (person, now) = (await Server.AddPersonAsync(), TimeProvider.System.GetUtcNow());
        using var before = await Server.NewClientAsync(person);
        await using var db = CreateDbContext();
        db.AddRange(Enumerable.Range(1, Session.Most + 9).Select(minutes => ASession(person, now.AddMinutes(-minutes))));
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        foreach (var kind in (string[])["SignIn", "SignOut"])
        {
            db.AddRange(
                Enumerable.Range(0, 70).Select(_ => new Actor(person.AccountId, person.UserId, "portal", null).Audit(now, kind, null))
            );
        }

        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        using var after = await Server.NewClientAsync(person);
        using var first = await before.GetAsync("/settings");
        using var second = await after.GetAsync("/settings");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        var standing = await db
            .Sessions.AsNoTracking()
            .Where(session => session.RevokedAt == null)
            .ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Session.Most, standing.Count);
        Assert.InRange(standing.Min(session => session.LastSeenAt), now.AddMinutes(-48.5), now);
        using var gone = await after.SubmitAsync("/settings", "Sign out");
        Assert.Equal(HttpStatusCode.Found, gone.StatusCode);
        using var signedOut = await after.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.Found, signedOut.StatusCode);
    }

    private static Session ASession(Person person, DateTimeOffset at) =>
        new()
        {
            Id = Guid.NewGuid(),
            UserId = person.UserId,
            AccountId = person.AccountId,
            CreatedAt = at,
            LastSeenAt = at,
            EndsAt = at.AddDays(1),
        };

    private async Task SuspendAsync(Person person, bool isToBe)
    {
        await using var db = CreateDbContext();
        var account = await db.Accounts.SingleAsync(account => account.Id == person.AccountId, TestContext.Current.CancellationToken);
        Assert.True((isToBe ? account.Suspend(SuspensionReason.Operator, TimeProvider.System.GetUtcNow()) : account.Resume()).IsDone);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_new_password_ends_all_other_sessions()
    {
        var person = await Server.AddPersonAsync();
        using var one = await Server.NewClientAsync(person);
        using var other = await Server.NewClientAsync(person);
        using var wrong = await one.SubmitAsync(
            "/settings",
            "Change password",
            ("Current", "not it at all"),
            ("Wanted", "another good password")
        );
        Assert.Contains("not your current password", (await FormClient.ReadAsync(wrong)).Body!.TextContent, StringComparison.Ordinal);
        using var changed = await one.SubmitAsync(
            "/settings",
            "Change password",
            ("Current", PortalServer.Password),
            ("Wanted", "another good password")
        );
        Assert.Equal("/settings?done=password", changed.Headers.Location?.PathAndQuery);
        using var kept = await one.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
        using var refused = await other.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.Found, refused.StatusCode);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_so_that_its_cookie_is_worth_nothing()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        var stolen = client.CookieHeader;
        using var left = await client.SubmitAsync("/settings", "Sign out");
        Assert.Equal("/", left.Headers.Location?.OriginalString);
        using var thief = Server.NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/settings") { Headers = { { "Cookie", stolen } } };
        using var answer = await thief.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
    }

    [Fact]
    public async Task One_that_is_to_be_kept_ends_two_weeks_after_the_sign_in_however_much_it_is_used()
    {
        var person = await Server.AddPersonAsync();
        using var client = Server.NewClient();
        using var signedIn = await client.SubmitAsync(
            "/sign-in",
            "Sign in",
            ("Email", person.Email),
            ("Password", PortalServer.Password),
            ("Keep", "true")
        );
        var session = await SessionAsync();
        Assert.Equal((TimeSpan.FromDays(14), null), (session.EndsAt - session.CreatedAt, session.IdleLimit));
        Assert.InRange(
            Cookie(client).Expires.ToUniversalTime() - session.EndsAt.UtcDateTime,
            TimeSpan.FromMinutes(-1),
            TimeSpan.FromMinutes(1)
        );

        await using var db = CreateDbContext();
        var now = TimeProvider.System.GetUtcNow();
        await db.Sessions.ExecuteUpdateAsync(set =>
            set.SetProperty(session => session.LastSeenAt, now.AddDays(-13)).SetProperty(session => session.EndsAt, now.AddMinutes(5))
        );
        using var stands = await client.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.OK, stands.StatusCode);
        Assert.Equal(now.AddMinutes(5), (await SessionAsync()).EndsAt, TimeSpan.FromMilliseconds(1));
        await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.EndsAt, now.AddSeconds(-1)));
        using var over = await client.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.Found, over.StatusCode);
    }

    [Fact]
    public async Task Any_other_ends_with_the_browser_after_a_day_or_after_half_a_day_without_use()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        var session = await SessionAsync();
        Assert.Equal((TimeSpan.FromHours(24), TimeSpan.FromHours(12)), (session.EndsAt - session.CreatedAt, session.IdleLimit));
        Assert.Equal(default, Cookie(client).Expires);

        await using var db = CreateDbContext();
        var longAgo = TimeProvider.System.GetUtcNow().AddHours(-13);
        await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.LastSeenAt, longAgo));
        using var answer = await client.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
    }

    [Fact]
    public async Task The_first_page_leads_whoever_is_signed_in_to_the_instances()
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var answer = await client.GetAsync("/");
        Assert.Equal("/dashboard", answer.Headers.Location?.PathAndQuery);
    }

    [Fact]
    public async Task One_who_is_no_longer_an_operator_is_refused_at_the_next_request()
    {
        var person = await Server.AddPersonAsync(isOperator: true);
        using var client = await Server.NewClientAsync(person);
        using var allowed = await client.GetAsync("/operator");
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        await using var db = CreateDbContext();
        await db
            .Users.Where(user => user.Id == person.UserId)
            .ExecuteUpdateAsync(set => set.SetProperty(user => user.Role, (OperatorRole?)null));
        using var refused = await client.GetAsync("/operator");
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
    }

    private static System.Net.Cookie Cookie(FormClient client) =>
        client.Cookies.GetAllCookies().Single(cookie => cookie.Name.EndsWith("portal", StringComparison.Ordinal));

    private async Task<Session> SessionAsync()
    {
        await using var db = CreateDbContext();
        return await db.Sessions.AsNoTracking().SingleAsync();
    }
}
