using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Portal.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class AttemptLimitsTests(TestPostgres postgres) : ServedTests(postgres)
{
    protected override (string Key, string Value)[] Settings => [("Accounts:PostsPerMinute", "12"), ("Accounts:PostsPerEmail", "3"), ("Accounts:SignUpsPerNetwork", "5")];

    [Theory]
    [InlineData("/sign-in", "Sign in")]
    [InlineData("/sign-up", "Sign up")]
    [InlineData("/forgot-password", "Send the link")]
    public async Task Too_many_tries_with_one_address_are_answered_429_in_words(string path, string button)
    {
        using var client = Server.NewClient();
        var statuses = new List<HttpStatusCode>();
        for (var time = 0; time < 4; time++)
        {
            using var answer = await client.SubmitAsync(path, button, ("Email", "nobody@example.com"), ("Password", $"wrong password {time}"));
            statuses.Add(answer.StatusCode);
            if (answer.StatusCode is HttpStatusCode.Found)
            {
                client.Cookies.GetAllCookies().First(cookie => cookie.Name == "portal").Expired = true;
            }
        }

        Assert.DoesNotContain(HttpStatusCode.TooManyRequests, statuses[..3]);
        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[3]);
    }

    [Fact]
    public void All_spellings_of_an_address_share_its_tries()
    {
        var limits = Server.Services.GetRequiredService<AttemptLimits>();
        Assert.All((string[])["ádá@example.com", " ÁDÁ@example.com", "Ádá@EXAMPLE.com "], email => Assert.True(limits.TryTake(email)));
        Assert.False(limits.TryTake("ádÁ@example.com"));
    }

    [Fact]
    public void Long_texts_are_counted_without_being_remembered()
    {
        var limits = Server.Services.GetRequiredService<AttemptLimits>();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var time = 0; time < 64; time++)
        {
            Assert.True(limits.TryTake(new string((char)(33 + time), 2 * 1024 * 1024)));
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 128 * 1024 * 1024);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/sign-up")]
    [InlineData("/forgot-password")]
    [InlineData("/reset-password?user=x&code=y")]
    [InlineData("/passkeys/request-options")]
    public async Task A_form_longer_than_any_of_ours_is_not_read(string path)
    {
        using var client = Server.NewClient();
        var form = (await client.PageAsync(path.StartsWith("/passkeys", StringComparison.Ordinal) ? "/sign-in" : path)).Forms[0];
        using var answer = await client.SendAsync(path, form, ("Email", new string('a', 2 * AttemptLimits.LargestForm)), ("Password", "x"), ("_handler", path[1..]));
        Assert.True(answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge, $"{path} answered {answer.StatusCode}.");
    }

    [Fact]
    public async Task Links_of_mails_cannot_be_tried_by_the_thousand()
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync(confirmed: false));
        for (var time = 0; time < 12; time++)
        {
            using var tried = await client.GetAsync($"/confirm-email?user={Guid.NewGuid()}&code=AAAA");
            Assert.Equal(HttpStatusCode.OK, tried.StatusCode);
        }

        using var last = await client.GetAsync("/confirm-email?user=x&code=AAAA");
        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
    }

    [Fact]
    public async Task Too_many_accounts_from_one_network_are_answered_429_in_words()
    {
        for (var time = 0; time < 6; time++)
        {
            using var client = Server.NewClient();
            using var answer = await client.SubmitAsync("/sign-up", ("Email", $"person-{time}@example.com"), ("Password", "a long enough one"));
            Assert.Equal(time < 5 ? HttpStatusCode.Found : HttpStatusCode.TooManyRequests, answer.StatusCode);
            Assert.Equal(time == 5, (await FormClient.ReadAsync(answer)).Body!.TextContent.Contains("Many accounts were made from your network", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/sign-up")]
    [InlineData("/forgot-password")]
    [InlineData("/reset-password?user=x&code=y")]
    public async Task Too_many_posts_from_one_network_are_answered_429_by_a_readable_page(string path)
    {
        using var client = Server.NewClient();
        var form = (await client.PageAsync(path)).Forms[0];
        for (var time = 0; time < 12; time++)
        {
            using var answer = await client.SendAsync(path, form, ("Email", ""), ("Password", ""));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        using var last = await client.SendAsync(path, form, ("Email", ""), ("Password", ""));
        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
        Assert.Equal("Too many tries", (await FormClient.ReadAsync(last)).QuerySelector("h1")?.TextContent);
        using var reading = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, reading.StatusCode);
    }
}
