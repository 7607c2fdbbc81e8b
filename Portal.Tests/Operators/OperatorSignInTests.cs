using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Operators;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

/// <summary>How operators come in: with a second factor, for a while, and back when they have lost it.</summary>
[Trait("Needs", "database")]
public sealed class OperatorSignInTests(TestPostgres postgres) : ServedTests(postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/operator")]
    [InlineData("/operator/images")]
    [InlineData("/operator/operators")]
    public async Task Without_a_second_factor_every_operators_page_leads_to_the_one_to_enrol_and_customers_pages_open(string path)
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync(isOperator: true, enrolled: false));
        using var led = await client.GetAsync(path);
        Assert.Equal("/operator/enrol", LedTo(led));
        using var own = await client.GetAsync("/dashboard");
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
    }

    [Fact]
    public async Task The_first_sign_in_leads_to_an_authenticator_app_recovery_codes_and_then_the_console()
    {
        var person = await Server.AddPersonAsync(isOperator: true, enrolled: false);
        using var client = Server.NewClient();
        using var entered = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        Assert.Equal("/operator", LedTo(entered));
        var page = await client.PageAsync("/operator/enrol");
        Assert.NotNull(page.QuerySelector(".qr svg"));
        Assert.NotNull(page.QuerySelector("form[data-passkey=create]"));
        var key = page.QuerySelector(".secret")!.TextContent.Replace(" ", "", StringComparison.Ordinal);
        using var done = await client.SendAsync(
            "/operator/enrol",
            page.Forms.First(form => form.QuerySelector("[name=Code]") is not null),
            ("Code", Code(key)),
            ("Password", PortalServer.Password)
        );
        var codes = await FormClient.ReadAsync(done);
        Assert.Equal(10, codes.QuerySelectorAll(".codes li").Length);
        Assert.Contains(codes.Links, link => link.GetAttribute("href") is "/operator");
        using var console = await client.GetAsync("/operator");
        Assert.Equal(HttpStatusCode.OK, console.StatusCode);
    }

    [Fact]
    public async Task Whose_factor_is_taken_away_is_led_to_enrol_at_the_next_request()
    {
        var person = await Server.AddPersonAsync(isOperator: true);
        using var client = await Server.NewClientAsync(person);
        await using var db = CreateDbContext();
        await db
            .Users.Where(user => user.Id == person.UserId)
            .ExecuteUpdateAsync(set => set.SetProperty(user => user.TwoFactorEnabled, false), Ct);
        using var led = await client.GetAsync("/operator");
        Assert.Equal("/operator/enrol", LedTo(led));
    }

    [Theory]
    [InlineData(OperatorRole.Support)]
    [InlineData(OperatorRole.Billing)]
    [InlineData(OperatorRole.Infrastructure)]
    public async Task Who_the_operators_are_is_a_page_of_Admins(OperatorRole role)
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync(isOperator: true, role: role));
        using var refused = await client.GetAsync("/operator/operators");
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        using var looked = await client.GetAsync("/operator/images");
        Assert.Equal(HttpStatusCode.OK, looked.StatusCode);
    }

    [Fact]
    public async Task An_operators_session_ends_after_twelve_hours_or_thirty_unused_minutes_and_a_customers_does_not()
    {
        await using var db = CreateDbContext();
        var (keeper, customer) = (await Server.AddPersonAsync(isOperator: true), await Server.AddPersonAsync());
        using var idle = await Server.NewClientAsync(keeper);
        using var other = await Server.NewClientAsync(customer);
        var session = await db.Sessions.AsNoTracking().SingleAsync(session => session.UserId == keeper.UserId, Ct);
        Assert.Equal(TimeSpan.FromHours(12), session.EndsAt - session.CreatedAt);
        var then = TimeProvider.System.GetUtcNow().AddMinutes(-31);
        await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.LastSeenAt, then), Ct);
        using var refused = await idle.GetAsync("/dashboard");
        using var kept = await other.GetAsync("/dashboard");
        Assert.Equal((HttpStatusCode.Found, HttpStatusCode.OK), (refused.StatusCode, kept.StatusCode));
    }

    [Fact]
    public async Task A_mailbox_alone_resets_no_operators_password_and_a_code_besides_does()
    {
        var person = await Server.AddPersonAsync(isOperator: true);
        using var client = Server.NewClient();
        using var asked = await client.SubmitAsync("/forgot-password", ("Email", person.Email));
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(mail => mail.To == person.Email, Ct);
        var link = new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery;
        foreach (var wrong in (string[])["", "000000"])
        {
            using var refused = await client.SubmitAsync(link, ("Password", "another good password"), ("Factor", wrong));
            Assert.Equal(HttpStatusCode.OK, refused.StatusCode);
        }

        using var done = await client.SubmitAsync(
            link,
            ("Password", "another good password"),
            ("Factor", await Server.CodeOfAsync(person))
        );
        Assert.Equal("/sign-in?after=reset", done.Headers.Location?.PathAndQuery);
    }

    [Fact]
    public async Task A_lost_factor_is_taken_away_on_the_machine_and_the_sessions_with_it()
    {
        var person = await Server.AddPersonAsync(isOperator: true);
        using var before = await Server.NewClientAsync(person);
        using var output = new StringWriter();
        Assert.Equal(0, await Commands.ResetOperatorFactorAsync(Server.Services, person.Email, output, TextWriter.Null, Ct));
        using var ended = await before.GetAsync("/operator");
        Assert.StartsWith("/sign-in", ended.Headers.Location?.PathAndQuery, StringComparison.Ordinal);
        var password = JsonDocument.Parse(output.ToString()).RootElement.GetProperty("password").GetString()!;
        using var client = Server.NewClient();
        using var entered = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", password));
        using var led = await client.GetAsync("/operator");
        Assert.Equal(("/operator", "/operator/enrol"), (LedTo(entered), LedTo(led)));
        await using var db = CreateDbContext();
        Assert.Contains(await db.AuditEntries.Select(entry => entry.Action).ToListAsync(Ct), action => action is "ResetOperatorFactor");
        var customer = await Server.AddPersonAsync();
        Assert.Equal(1, await Commands.ResetOperatorFactorAsync(Server.Services, customer.Email, TextWriter.Null, TextWriter.Null, Ct));
    }

    [Fact]
    public async Task A_password_that_was_printed_opens_nothing_before_another_is_chosen_and_is_over_after_three_days()
    {
        using var output = new StringWriter();
        Assert.Equal(0, await Commands.CreateOperatorAsync(Server.Services, "root@example.com", null, output, TextWriter.Null, Ct));
        var printed = JsonDocument.Parse(output.ToString()).RootElement.GetProperty("password").GetString()!;
        Assert.Matches("^[a-z2-9]{26}$", printed);
        using var client = Server.NewClient();
        using var entered = await client.SubmitAsync("/sign-in", "Sign in", ("Email", "root@example.com"), ("Password", printed));

        // Not even with a second factor, whichever way that came.
        await using var db = CreateDbContext();
        var user = await db.Users.SingleAsync(user => user.Email == "root@example.com", Ct);
        var now = TimeProvider.System.GetUtcNow();
        user.TwoFactorEnabled = true;
        await db.SaveChangesAsync(Ct);
        await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.FactorAt, now), Ct);
        using var shut = await client.GetAsync("/operator");
        Assert.Equal("/operator/enrol", LedTo(shut));
        var actor = new Actor(user.AccountId, user.Id, user.Email!, null) { SessionId = (await db.Sessions.SingleAsync(Ct)).Id };
        Assert.Equal(OperatorRule.NoFactor, await db.WhyNotOperatorAsync(actor, OperatorRole.Support, now, Ct));
        user.TwoFactorEnabled = false;
        await db.SaveChangesAsync(Ct);

        var page = await client.PageAsync("/operator/enrol");
        Assert.Null(page.QuerySelector(".qr"));
        using var same = await client.SubmitAsync("/operator/enrol", "Change password", ("Current", printed), ("Wanted", printed));
        Assert.Contains("That is your password already", (await FormClient.ReadAsync(same)).Body!.TextContent, StringComparison.Ordinal);
        using var changed = await client.SubmitAsync(
            "/operator/enrol",
            "Change password",
            ("Current", printed),
            ("Wanted", "another good password")
        );
        Assert.Equal("/operator/enrol", LedTo(changed));
        Assert.NotNull((await client.PageAsync("/operator/enrol")).QuerySelector(".qr"));
        Assert.False(await FirstPassword.IsOfAsync(db, user.Id, Ct));

        Assert.Equal(0, await Commands.ResetOperatorFactorAsync(Server.Services, "root@example.com", output, TextWriter.Null, Ct));
        Assert.False(await FirstPassword.IsOverAsync(db, user.Id, now.AddDays(2.9), Ct));
        Assert.True(await FirstPassword.IsOverAsync(db, user.Id, now.AddDays(3.1), Ct));
        await db
            .UserTokens.Where(token => token.Name == FirstPassword.Name)
            .ExecuteUpdateAsync(set => set.SetProperty(token => token.Value, "2026-01-01T00:00:00.0000000+00:00"), Ct);
        var second = JsonDocument.Parse(output.ToString().Trim().Split('\n')[^1]).RootElement.GetProperty("password").GetString()!;
        using var late = await Server.NewClient().SubmitAsync("/sign-in", "Sign in", ("Email", "root@example.com"), ("Password", second));
        Assert.Contains("Incorrect e-mail or password", (await FormClient.ReadAsync(late)).Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_Admin_stays_one_and_any_other_is_changed_and_signed_out_by_an_Admin()
    {
        var (admin, other) = (await AnOperator.AddAsync(this, OperatorRole.Admin), await AnOperator.AddAsync(this, OperatorRole.Support));
        var team = new OperatorTeam(this, TimeProvider.System);
        Assert.Equal(OperatorTeam.LastAdmin, (await team.SetRoleAsync(admin, admin.UserId, OperatorRole.Billing, Ct)).Reason);
        Assert.True((await team.EndSessionsAsync(admin, other.UserId, Ct)).IsDone);
        Assert.Equal(0, (await team.ListAsync(Ct)).Single(member => member.Id == other.UserId).Sessions);
        Assert.True((await team.SetRoleAsync(admin, other.UserId, OperatorRole.Admin, Ct)).IsDone);
        Assert.True((await team.SetRoleAsync(admin, admin.UserId, null, Ct)).IsDone);
        Assert.Equal(OperatorRule.NotYours, (await team.SetRoleAsync(admin, admin.UserId, OperatorRole.Admin, Ct)).Reason);
    }

    [Fact]
    public async Task Ending_sessions_asks_for_a_proof_that_is_not_older_than_fifteen_minutes()
    {
        const string Button = "End all others";
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        using var other = await Server.NewClientAsync(person);
        await using var db = CreateDbContext();
        var longAgo = TimeProvider.System.GetUtcNow().AddMinutes(-16);
        await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.ProvenAt, longAgo), Ct);
        using var asked = await client.SubmitAsync("/settings", Button);
        Assert.StartsWith("/proof?returnUrl=", LedTo(asked), StringComparison.Ordinal);
        using var stands = await other.GetAsync("/dashboard");
        Assert.Equal(HttpStatusCode.OK, stands.StatusCode);
        using var wrong = await client.SubmitAsync("/proof?returnUrl=/settings", "Confirm", ("Password", "not it at all"));
        Assert.Equal(HttpStatusCode.OK, wrong.StatusCode);
        using var proven = await client.SubmitAsync("/proof?returnUrl=/settings", "Confirm", ("Password", PortalServer.Password));
        Assert.Equal("/settings", LedTo(proven));
        using var ended = await client.SubmitAsync("/settings", Button);
        Assert.Equal("/settings?done=sessions", LedTo(ended));
    }

    [Fact]
    public async Task An_operator_gives_the_proof_with_the_factor_and_not_with_the_password()
    {
        var person = await Server.AddPersonAsync(isOperator: true);
        using var client = await Server.NewClientAsync(person);
        await using var db = CreateDbContext();
        var longAgo = TimeProvider.System.GetUtcNow().AddMinutes(-16);
        await db.Sessions.ExecuteUpdateAsync(set => set.SetProperty(session => session.FactorAt, longAgo), Ct);
        using var asked = await client.GetAsync("/settings");
        Assert.StartsWith("/proof", LedTo(asked), StringComparison.Ordinal);
        Assert.Null((await client.PageAsync("/proof")).QuerySelector("[name=Password]"));
        using var proven = await client.SubmitAsync(
            "/proof?returnUrl=/operator",
            "Confirm with the code",
            ("Code", await Server.CodeOfAsync(person))
        );
        Assert.Equal("/operator", LedTo(proven));
        Assert.True(
            (await db.Sessions.AsNoTracking().SingleAsync(session => session.UserId == person.UserId, Ct)).FactorAt > longAgo.AddMinutes(15)
        );
    }

    private static string? LedTo(HttpResponseMessage answer) =>
        answer.Headers.Location is { } to ? new Uri(new Uri("http://localhost"), to).PathAndQuery : null;

    private static string Code(string key) => Totp.CodeOf(key, Totp.StepOf(TimeProvider.System.GetUtcNow()));
}
