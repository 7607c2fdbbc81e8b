using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>The second factor as its owner sets it up, and turns it off again.</summary>
[Trait("Needs", "database")]
public sealed class SecondFactorSettingsTests(OneServer one) : SecondFactorScene(one)
{
    [Fact]
    public async Task Setting_up_ends_the_other_sessions_and_tells_the_owner()
    {
        var person = await Server.AddPersonAsync();
        using var other = await Server.NewClientAsync(person);
        await SetUpAsync(person);
        using var answer = await other.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        await using var db = CreateDbContext();
        Assert.Contains(
            db.Mails,
            mail => mail.To == person.Email && mail.Subject.StartsWith("A second factor was turned on", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Turning_off_and_new_recovery_codes_want_the_password()
    {
        var person = await Server.AddPersonAsync();
        var (key, codes) = await SetUpAsync(person);
        using var client = await PasswordAsync(person);
        using var entered = await client.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key, 1)));

        using var refused = await client.SubmitAsync("/settings", "Turn off", ("Password", "not it at all"), ("Verb", "off"));
        Assert.Contains("not your current password", (await FormClient.ReadAsync(refused)).Body!.TextContent, StringComparison.Ordinal);
        using var renewed = await client.SubmitAsync(
            "/settings",
            "New recovery codes",
            ("Password", PortalServer.Password),
            ("Verb", "codes")
        );
        var fresh = (await FormClient.ReadAsync(renewed)).QuerySelectorAll(".codes li").Select(code => code.TextContent).ToList();
        Assert.Equal(10, fresh.Count);
        Assert.Empty(fresh.Intersect(codes));
        using var off = await client.SubmitAsync("/settings", "Turn off", ("Password", PortalServer.Password), ("Verb", "off"));
        Assert.Equal("/settings?done=second-factor-off", off.Headers.Location?.PathAndQuery);
        using var plain = await Server.NewClientAsync(person);
        using var settings = await plain.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.OK, settings.StatusCode);
    }

    [Fact]
    public async Task What_changes_the_sign_in_wants_the_second_factor_too_where_there_is_one_and_the_password_alone_changes_nothing()
    {
        var person = await Server.AddPersonAsync();
        var (key, _) = await SetUpAsync(person);
        using var thief = await PasswordAsync(person);
        using var entered = await thief.SubmitAsync("/sign-in/second-factor", ("Code", SecondFactor.Code(key, 1)));
        var form = (await thief.PageAsync("/settings")).Forms.Single(form => form.QuerySelector("[value=off]") is not null);
        await using var db = CreateDbContext();
        await db.Sessions.ExecuteUpdateAsync(
            set => set.SetProperty(session => session.FactorAt, session => session.FactorAt!.Value.AddMinutes(-16)),
            TestContext.Current.CancellationToken
        );
        foreach (var verb in (string[])["off", "codes"])
        {
            using var refused = await thief.SendAsync("/settings", form, ("Password", PortalServer.Password), ("Verb", verb));
            Assert.Contains(
                "This takes your passkey or a code as well",
                (await FormClient.ReadAsync(refused)).Body!.TextContent,
                StringComparison.Ordinal
            );
        }

        // Opened again each of these pages asks for it first, and takes no password for it.
        foreach (var page in (string[])["/settings", "/settings/close"])
        {
            using var asked = await thief.GetAsync(page);
            Assert.Equal($"/proof?returnUrl={Uri.EscapeDataString(page)}", asked.Headers.Location?.PathAndQuery);
        }

        Assert.Null((await thief.PageAsync("/proof?returnUrl=/settings")).QuerySelector("[name=Password]"));
        await db.Users.ExecuteUpdateAsync(
            set => set.SetProperty(user => user.LastCodeStep, (long?)null),
            TestContext.Current.CancellationToken
        );
        using var proven = await thief.SubmitAsync("/proof?returnUrl=/settings", ("Code", SecondFactor.Code(key)));
        Assert.Equal("/settings", proven.Headers.Location?.PathAndQuery);
        using var off = await thief.SubmitAsync("/settings", "Turn off", ("Password", PortalServer.Password), ("Verb", "off"));
        Assert.Equal("/settings?done=second-factor-off", off.Headers.Location?.PathAndQuery);
    }

    [Fact]
    public async Task A_stolen_session_neither_sets_one_up_nor_learns_the_key_of_one_that_is_set_up_later()
    {
        var person = await Server.AddPersonAsync();
        using var thief = await Server.NewClientAsync(person);
        var page = await thief.PageAsync("/settings/second-factor");
        var form = page.Forms.First(form => form.QuerySelector("[name=Code]") is not null);
        using var refused = await thief.SendAsync(
            "/settings/second-factor",
            form,
            ("Code", SecondFactor.Code(SecondFactor.KeyOn(page))),
            ("Password", "not it at all")
        );
        Assert.Contains("not your current password", (await FormClient.ReadAsync(refused)).Body!.TextContent, StringComparison.Ordinal);
        var (key, _) = await SetUpAsync(person);
        Assert.NotEqual(SecondFactor.KeyOn(page), key);
    }

    [Fact]
    public async Task Wrong_passwords_in_the_settings_make_that_session_wait_and_no_other()
    {
        var person = await Server.AddPersonAsync();
        using var thief = await Server.NewClientAsync(person);
        for (var time = 0; time < 5; time++)
        {
            using var wrong = await thief.SubmitAsync(
                "/settings",
                "Change password",
                ("Current", $"guess {time}"),
                ("Wanted", "another good password")
            );
        }

        using var locked = await thief.SubmitAsync(
            "/settings",
            "Change password",
            ("Current", PortalServer.Password),
            ("Wanted", "another good password")
        );
        Assert.Contains(
            "Too many wrong passwords. Wait 30 seconds.",
            (await FormClient.ReadAsync(locked)).Body!.TextContent,
            StringComparison.Ordinal
        );
        using var owner = await Server.NewClientAsync(person);
        using var changed = await owner.SubmitAsync(
            "/settings",
            "Change password",
            ("Current", PortalServer.Password),
            ("Wanted", "another good password")
        );
        Assert.Equal("/settings?done=password", changed.Headers.Location?.PathAndQuery);
    }
}
