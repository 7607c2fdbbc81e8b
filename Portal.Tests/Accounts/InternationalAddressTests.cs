using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>
/// Chromium sends <c>jo@xn--bcher-kva.example</c> for what was typed as <c>jo@bücher.example</c>, other browsers send it as it was typed.
/// </summary>
[Trait("Needs", "database")]
public sealed class InternationalAddressTests(TestPostgres postgres) : ServedTests(postgres)
{
    private const string Sent = "jo@xn--bcher-kva.example",
        Typed = "Jo@BÜCHER.example",
        Shown = "jo@bücher.example";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Sent, Typed)]
    [InlineData(Shown, Sent)]
    public async Task Both_forms_sign_up_and_in_as_one_person_who_reads_the_address_as_it_is_written(string first, string second)
    {
        using var client = Server.NewClient();
        using var signedUp = await client.SubmitAsync("/sign-up", ("Email", first), ("Password", PortalServer.Password));
        Assert.Equal(HttpStatusCode.Found, signedUp.StatusCode);
        Assert.Contains(Shown, (await client.PageAsync("/settings")).Body!.TextContent, StringComparison.Ordinal);

        using var other = Server.NewClient();
        using var signedIn = await other.SubmitAsync("/sign-in", "Sign in", ("Email", second), ("Password", PortalServer.Password));
        Assert.Equal(HttpStatusCode.Found, signedIn.StatusCode);
        using var again = Server.NewClient();
        using var signedUpAgain = await again.SubmitAsync("/sign-up", ("Email", second), ("Password", PortalServer.Password));

        await using var db = CreateDbContext();
        var user = await db.Users.SingleAsync(Ct);
        Assert.Equal((Sent, Shown), (user.Email, (await db.Accounts.SingleAsync(Ct)).Name));
        Assert.Equal(Sent, (await db.Mails.SingleAsync(Ct)).To);
        Assert.Equal([Shown], (await db.AuditEntries.ToListAsync(Ct)).Select(entry => entry.Who).Distinct());
    }

    [Theory]
    [InlineData(Sent)]
    [InlineData(Typed)]
    public async Task Both_forms_ask_for_a_new_password_in_one_mailbox(string typed)
    {
        var person = await Server.AddPersonAsync(email: Sent);
        using var client = Server.NewClient();
        using var asked = await client.SubmitAsync("/forgot-password", ("Email", typed));
        Assert.Contains("bücher.example", (await FormClient.ReadAsync(asked)).Body!.TextContent, StringComparison.OrdinalIgnoreCase);
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(Ct);
        Assert.Equal((person.AccountId, Sent), (mail.AccountId, mail.To));
    }

    [Fact]
    public async Task An_address_is_changed_to_either_form_and_the_other_is_then_the_same()
    {
        var person = await Server.AddPersonAsync(email: "old@example.com");
        using var client = await Server.NewClientAsync(person);
        using var asked = await client.SubmitAsync(
            "/settings",
            "Send the link",
            ("NewAddress", Shown),
            ("AddressPassword", PortalServer.Password)
        );
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(Ct);
        Assert.Equal((Sent, true), (mail.To, mail.Text.Contains(Shown, StringComparison.Ordinal)));
        using var confirmed = await client.SubmitAsync(
            new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery,
            "Use this address"
        );
        Assert.Equal("/settings?done=address", confirmed.Headers.Location?.PathAndQuery);
        var user = await db.Users.SingleAsync(Ct);
        Assert.Equal((Sent, "JO@XN--BCHER-KVA.EXAMPLE"), (user.Email, user.NormalizedEmail));

        using var again = await client.SubmitAsync(
            "/settings",
            "Send the link",
            ("NewAddress", Typed),
            ("AddressPassword", PortalServer.Password)
        );
        Assert.Contains("That is your address already.", (await FormClient.ReadAsync(again)).Body!.TextContent, StringComparison.Ordinal);
    }
}
