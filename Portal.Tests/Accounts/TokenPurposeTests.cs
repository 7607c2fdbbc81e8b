using System.Net;
using System.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Accounts;
using Portal.Closing;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>Each of what Portal has sealed opens the one door that it was made for, also in the hands of its owner.</summary>
[Trait("Needs", "database")]
public sealed class TokenPurposeTests(OneServer one) : OneServerTests(one)
{
    [Fact]
    public async Task The_code_of_one_mail_does_nothing_at_the_page_of_another()
    {
        var person = await Server.AddPersonAsync(confirmed: false);
        var codes = await CodesAsync(person);
        using var client = await Server.NewClientAsync(person);
        foreach (var (made, code) in codes)
        {
            foreach (var (page, path, button, fields) in Pages(person, code).Where(page => page.Made != made))
            {
                using var answer = await client.SubmitAsync(path, button, fields);
                Assert.True(answer.StatusCode is HttpStatusCode.OK, $"A code of {made} was taken for {page}.");
            }
        }

        await using var db = CreateDbContext();
        var user = await db.Users.SingleAsync(user => user.Id == person.UserId, TestContext.Current.CancellationToken);
        Assert.Equal((person.Email, false), (user.Email, user.EmailConfirmed));
        using var still = await Server.NewClientAsync(person);

        // And each at its own does: the one that changes the password last, since that makes the others worthless.
        for (var at = 0; at < codes.Count; at++)
        {
            var (made, code) = (await CodesAsync(person))[at];
            var (_, path, button, fields) = Pages(person, code).Single(page => page.Made == made);
            using var answer = await client.SubmitAsync(path, button, fields);
            Assert.True(answer.StatusCode is HttpStatusCode.Found, $"A code of {made} was not taken.");
        }
    }

    [Fact]
    public async Task No_sealed_value_but_a_session_is_a_session()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        var cookies = client.Cookies.GetAllCookies().ToDictionary(cookie => cookie.Name, cookie => cookie.Value, StringComparer.Ordinal);
        await SecondFactor.TurnOnAsync(Server, person);
        using var half = Server.NewClient();
        using var entered = await half.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", PortalServer.Password));
        var sealedValues = half
            .Cookies.GetAllCookies()
            .Select(cookie => cookie.Value)
            .Append(cookies[KnownDevices.Cookie])
            .Append(Server.Services.GetRequiredService<ClosingTickets>().For(person.AccountId))
            .Concat((await CodesAsync(person)).Select(code => code.Code))
            .Distinct(StringComparer.Ordinal)
            .ToList();
        Assert.InRange(sealedValues.Count, 6, int.MaxValue);
        foreach (var value in sealedValues)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/settings")
            {
                Headers = { { "Cookie", $"{HostCookies.Session}={value}" } },
            };
            using var answer = await half.Http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal("/sign-in?returnUrl=%2Fsettings", answer.Headers.Location?.PathAndQuery);
        }

        // Nor is a session what comes after the password, or the way to an account that closes.
        using var stranger = Server.NewClient();
        using var ticket = await stranger.GetAsync($"/closing/{cookies[HostCookies.Session]}");
        Assert.Equal(HttpStatusCode.NotFound, ticket.StatusCode);
        const string Halfway = "__Host-portal-second-factor";
        Assert.Contains(half.Cookies.GetAllCookies(), cookie => cookie.Name == Halfway);
        using var asked = new HttpRequestMessage(HttpMethod.Get, "/sign-in/second-factor")
        {
            Headers = { { "Cookie", $"{Halfway}={cookies[HostCookies.Session]}" } },
        };
        using var refused = await stranger.Http.SendAsync(asked, TestContext.Current.CancellationToken);
        Assert.Equal("/sign-in", refused.Headers.Location?.PathAndQuery);
    }

    private static IEnumerable<(string Made, string Path, string Button, (string, string)[] Fields)> Pages(Person person, string code)
    {
        var to = WebEncoders.Base64UrlEncode("new@example.com"u8);
        yield return ("confirm", $"/confirm-email?user={person.UserId}&code={code}", "Confirm address", []);
        yield return ("change", $"/settings/email?to={to}&code={code}", "Use this address", []);
        yield return (
            "reset",
            $"/reset-password?user={person.UserId}&code={code}",
            "Change password",
            [("Password", "another good password")]
        );
    }

    private async Task<List<(string Made, string Code)>> CodesAsync(Person person)
    {
        await using var scope = Server.Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var user = (await users.FindByIdAsync(person.UserId.ToString()))!;
        return
        [
            ("confirm", Sent(await users.GenerateEmailConfirmationTokenAsync(user))),
            ("change", Sent(await users.GenerateChangeEmailTokenAsync(user, "new@example.com"))),
            ("reset", Sent(await users.GeneratePasswordResetTokenAsync(user))),
        ];
    }

    private static string Sent(string token) => WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(token));
}
