using Microsoft.EntityFrameworkCore;
using Portal.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

public sealed class PasswordsTests
{
    [Theory]
    [InlineData("password")]
    [InlineData("QwertyUiop")]
    [InlineData("password123!")]
    [InlineData("2024Sunshine")]
    [InlineData("aaaaaaaaaaaa")]
    [InlineData("abcabcabcabc")]
    [InlineData("3456789:")]
    [InlineData("hgfedcba")]
    public void One_that_is_tried_first_will_not_do(string password) =>
        Assert.StartsWith(
            "That is one of the passwords that are tried first.",
            Passwords.WhyNot(password, "ada@example.com"),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("Lovelace1815", "ada.lovelace@analytical.example")]
    [InlineData("analytical!", "ada.lovelace@analytical.example")]
    [InlineData("ada.lovelace@analytical.example", "ada.lovelace@analytical.example")]
    [InlineData("portal2026", null)]
    [InlineData("MyPortal", "ada@example.com")]
    public void One_of_what_everybody_knows_of_its_owner_will_not_do(string password, string? email) =>
        Assert.Equal("Use something that has nothing to do with your e-mail address or with Portal.", Passwords.WhyNot(password, email));

    [Theory]
    [InlineData("correct horse battery")]
    [InlineData("kfz7wq2m")]
    [InlineData("日本語のパスワード")]
    [InlineData("an example of a longer one")]
    [InlineData("monkey 8472947294")]
    public void Any_other_will_whatever_it_is_composed_of(string password) => Assert.Null(Passwords.WhyNot(password, "ada@example.com"));

    [Fact]
    public void Lengths_from_8_to_128_will_do()
    {
        Assert.Null(Passwords.WhyNot("kfz7wq2m", null));
        Assert.NotNull(Passwords.WhyNot("kfz7wq2", null));
        var long128 = string.Concat(Enumerable.Range(0, 128).Select(number => (char)('a' + (number * number % 26))));
        Assert.Null(Passwords.WhyNot(long128[..127] + "?", null));
        Assert.NotNull(Passwords.WhyNot(long128 + "?", null));
    }
}

[Trait("Needs", "database")]
public sealed class PasswordRuleTests(TestPostgres postgres) : ServedTests(postgres)
{
    [Fact]
    public async Task Changing_and_resetting_a_password_say_why_it_will_not_do_too()
    {
        var person = await Server.AddPersonAsync(email: "ada@lovelace.example");
        using var client = await Server.NewClientAsync(person);
        using var changed = await client.SubmitAsync(
            "/settings",
            "Change password",
            ("Current", PortalServer.Password),
            ("Wanted", "lovelace99")
        );
        Assert.Contains(
            "nothing to do with your e-mail address",
            (await FormClient.ReadAsync(changed)).Body!.TextContent,
            StringComparison.Ordinal
        );

        using var asked = await client.SubmitAsync("/forgot-password", ("Email", person.Email));
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(mail => mail.Text.Contains("/reset-password"), TestContext.Current.CancellationToken);
        var link = new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery;
        using var refused = await client.SubmitAsync(link, "Change password", ("Password", "ada-lovelace-99"));
        Assert.Contains(
            "nothing to do with your e-mail address",
            (await FormClient.ReadAsync(refused)).QuerySelector(".validation-message")!.TextContent,
            StringComparison.Ordinal
        );
        using var made = await client.SubmitAsync(link, "Change password", ("Password", "another good password"));
        Assert.Equal("/sign-in?after=reset", made.Headers.Location?.PathAndQuery);
    }
}
