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
        Assert.DoesNotContain("challenge", await options.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_passkey_is_asked_for_with_the_password()
    {
        using var owner = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var options = await AskForOptionsAsync(owner, PortalServer.Password);
        Assert.Contains("challenge", await options.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
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
        Assert.Equal("""{"RemovedPasskeys": 1}""", await db.AuditEntries.Where(entry => entry.Action == "ResetPassword").Select(entry => entry.After).SingleAsync());
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
        using var changed = await client.SubmitAsync("/settings", "Change password", [("Current", PortalServer.Password), ("Wanted", "another good password"), .. ticked]);
        Assert.Equal("/settings?done=password", changed.Headers.Location?.PathAndQuery);
        Assert.Equal(left, await PasskeysAsync(person));
    }

    private static async Task<AngleSharp.Html.Dom.IHtmlFormElement> FormAsync(FormClient client) =>
        (await client.PageAsync("/settings")).Forms.Single(form => form.GetAttribute("data-passkey") == "create");

    private static async Task<HttpResponseMessage> AskForOptionsAsync(FormClient client, string password)
    {
        var token = (await FormAsync(client)).QuerySelector("[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        using var content = new FormUrlEncodedContent([KeyValuePair.Create("__RequestVerificationToken", token), KeyValuePair.Create("password", password)]);
        return await client.Http.PostAsync(new Uri("/settings/passkeys/creation-options", UriKind.Relative), content, TestContext.Current.CancellationToken);
    }

    /// <summary>As if a browser had made it; nothing here signs in with it.</summary>
    private async Task AddPasskeyAsync(Person person)
    {
        await using var scope = Server.Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var user = await users.FindByIdAsync(person.UserId.ToString());
        var passkey = new UserPasskeyInfo([1, 2, 3], [4], Tenant.Epoch, 0, [], isUserVerified: true, isBackupEligible: false, isBackedUp: false, [5], [6]);
        Assert.True((await users.AddOrUpdatePasskeyAsync(user!, passkey)).Succeeded);
    }

    private async Task<int> PasskeysAsync(Person person)
    {
        await using var scope = Server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDb>();
        return await db.Set<IdentityUserPasskey<Guid>>().CountAsync(passkey => passkey.UserId == person.UserId);
    }
}
