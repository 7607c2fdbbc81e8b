using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>Whose an address is: whoever has the mail, and signed up with it.</summary>
[Trait("Needs", "database")]
public sealed class ConfirmedAddressTests(TestPostgres postgres) : MailedLinkScene(postgres)
{
    private const string Confirm = "Confirm address";

    [Fact]
    public async Task The_mails_link_confirms_the_address_for_the_one_who_signed_up_and_for_nobody_else()
    {
        using var client = Server.NewClient();
        using var signedUp = await client.SubmitAsync("/sign-up", ("Email", "ada@example.com"), ("Password", "a long enough one"));
        var link = await LinkAsync("ada@example.com");

        // Opening it does nothing yet.
        using var opened = await client.GetAsync(link);
        await using var db = CreateDbContext();
        Assert.False(await db.Users.Where(user => user.Email == "ada@example.com").Select(user => user.EmailConfirmed).SingleAsync());

        using var nobody = Server.NewClient();
        using var toSignIn = await nobody.GetAsync(link);
        Assert.StartsWith("/sign-in?returnUrl=", toSignIn.Headers.Location?.PathAndQuery, StringComparison.Ordinal);
        using var stranger = await Server.NewClientAsync(await Server.AddPersonAsync());
        using var refused = await stranger.SubmitAsync(link, Confirm);
        Assert.Equal(HttpStatusCode.OK, refused.StatusCode);
        Assert.False(await db.Users.Where(user => user.Email == "ada@example.com").Select(user => user.EmailConfirmed).SingleAsync());

        using var confirmed = await client.SubmitAsync(link, Confirm);
        Assert.Equal("/instances/new", confirmed.Headers.Location?.PathAndQuery);
        Assert.True(await db.Users.Where(user => user.Email == "ada@example.com").Select(user => user.EmailConfirmed).SingleAsync());
    }

    [Fact]
    public async Task An_address_belongs_to_whoever_confirms_it_first()
    {
        using var thief = Server.NewClient();
        using var claimed = await thief.SubmitAsync("/sign-up", ("Email", "ada@example.com"), ("Password", "what a thief uses"));
        var thiefsLink = await LinkAsync("ada@example.com");
        using var ada = Server.NewClient();
        using var signedUp = await ada.SubmitAsync("/sign-up", ("Email", "ada@example.com"), ("Password", "what ada would use"));
        using var confirmed = await ada.SubmitAsync(await LinkAsync("ada@example.com"), Confirm);
        Assert.Equal(HttpStatusCode.Found, confirmed.StatusCode);

        using var late = await thief.SubmitAsync(thiefsLink, Confirm);
        Assert.Contains(
            "already belongs to another account",
            (await FormClient.ReadAsync(late)).Body!.TextContent,
            StringComparison.Ordinal
        );
        Assert.Null((await SignInAsync("ada@example.com", "what ada would use")).Sentence);
    }

    [Fact]
    public async Task A_made_up_link_tells_nothing_of_the_address()
    {
        await Server.AddPersonAsync(email: "known@example.com");
        async Task<string> TryAsync(string email)
        {
            using var client = Server.NewClient();
            using var signedUp = await client.SubmitAsync("/sign-up", ("Email", email), ("Password", "a claimant's own"));
            await using var db = CreateDbContext();
            var mine = await db.Users.Where(user => user.Email == email && !user.EmailConfirmed).Select(user => user.Id).SingleAsync();
            using var answer = await client.SubmitAsync($"/confirm-email?user={mine}&code=AAAA", Confirm);
            return (await FormClient.ReadAsync(answer)).QuerySelector("main")!.TextContent;
        }

        Assert.Equal(await TryAsync("nobody@example.com"), await TryAsync("known@example.com"));
    }
}
