using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class AttemptLimitsTests(TestPostgres postgres) : ServedTests(postgres)
{
    protected override (string Key, string Value)[] Settings =>
        [("Accounts:PostsPerMinute", "12"), ("Accounts:PostsPerEmail", "3"), ("Accounts:SignUpsPerNetwork", "5")];

    [Theory]
    [InlineData("/sign-up", "Sign up")]
    [InlineData("/forgot-password", "Send the link")]
    public async Task Too_many_tries_with_one_address_are_answered_429_in_words(string path, string button)
    {
        using var client = Server.NewClient();
        var statuses = new List<HttpStatusCode>();
        for (var time = 0; time < 4; time++)
        {
            using var answer = await client.SubmitAsync(
                path,
                button,
                ("Email", "nobody@example.com"),
                ("Password", $"wrong password {time}")
            );
            statuses.Add(answer.StatusCode);
            if (answer.StatusCode is HttpStatusCode.Found)
            {
                client.Cookies.GetAllCookies().First(cookie => cookie.Name == HostCookies.Session).Expired = true;
            }
        }

        Assert.DoesNotContain(HttpStatusCode.TooManyRequests, statuses[..3]);
        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[3]);
    }

    [Fact]
    public async Task All_spellings_of_an_address_share_its_tries_and_no_other_network_does()
    {
        var limits = Server.Services.GetRequiredService<AttemptLimits>();
        foreach (var email in (string[])["ádá@example.com", " ÁDÁ@example.com", "Ádá@EXAMPLE.com "])
        {
            Assert.True(await limits.TryTakeAsync(email, IPAddress.Loopback, default));
        }

        Assert.False(await limits.TryTakeAsync("ádÁ@example.com", IPAddress.Loopback, default));
        Assert.True(await limits.TryTakeAsync("ádÁ@example.com", IPAddress.Parse("198.51.100.7"), default));
    }

    /// <summary>Ten webs that counted for themselves would let ten times as much in.</summary>
    [Fact]
    public async Task Two_webs_on_one_database_count_the_posts_of_a_network_and_its_accounts_as_one()
    {
        await using var other = await PortalServer.StartAsync(ConnectionString, settings: Settings);
        var (here, there) = (Server.Services.GetRequiredService<AttemptLimits>(), other.Services.GetRequiredService<AttemptLimits>());
        for (var time = 0; time < 5; time++)
        {
            Assert.True(await (time % 2 == 0 ? here : there).TryTakeSignUpAsync(IPAddress.Loopback, default));
        }

        Assert.False(await here.TryTakeSignUpAsync(IPAddress.Loopback, default));
        Assert.False(await there.TryTakeSignUpAsync(IPAddress.Loopback, default));

        using var one = Server.NewClient();
        using var two = other.NewClient();
        var (first, second) = ((await one.PageAsync("/sign-in")).Forms[0], (await two.PageAsync("/sign-in")).Forms[0]);
        for (var time = 0; time < 6; time++)
        {
            using var a = await one.SendAsync("/sign-in", first, ("Email", ""));
            using var b = await two.SendAsync("/sign-in", second, ("Email", ""));
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (a.StatusCode, b.StatusCode));
        }

        using var refused = await one.SendAsync("/sign-in", first, ("Email", ""));
        using var refusedToo = await two.SendAsync("/sign-in", second, ("Email", ""));
        Assert.Equal((HttpStatusCode.TooManyRequests, HttpStatusCode.TooManyRequests), (refused.StatusCode, refusedToo.StatusCode));
    }

    /// <summary>The guards behind it refuse then; pages for strangers do not fall with the database.</summary>
    [Fact]
    public async Task A_web_that_does_not_reach_the_database_counts_for_itself()
    {
        await using var nowhere = Npgsql.NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Timeout=1");
        using var limiter = new SharedLimiter(
            new Throttles(nowhere, TimeProvider.System),
            "posts",
            2,
            TimeSpan.FromHours(1),
            NullLogger.Instance
        );
        for (var time = 0; time < 3; time++)
        {
            using var lease = await limiter.AcquireAsync(1, TestContext.Current.CancellationToken);
            Assert.Equal(time < 2, lease.IsAcquired);
        }
    }

    [Fact]
    public async Task Long_texts_are_counted_without_being_remembered()
    {
        var limits = Server.Services.GetRequiredService<AttemptLimits>();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var time = 0; time < 64; time++)
        {
            Assert.True(await limits.TryTakeAsync(new string((char)(33 + time), 2 * 1024 * 1024), null, default));
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
        using var answer = await client.SendAsync(
            path,
            form,
            ("Email", new string('a', 2 * AttemptLimits.LargestForm)),
            ("Password", "x"),
            ("_handler", path[1..])
        );
        Assert.True(
            answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge,
            $"{path} answered {answer.StatusCode}."
        );
    }

    [Fact]
    public async Task Links_of_mails_cannot_be_tried_by_the_thousand()
    {
        using var client = await Server.NewClientAsync(await Server.AddPersonAsync(confirmed: false));

        // Signing in was the first of the twelve.
        for (var time = 1; time < 12; time++)
        {
            using var tried = await client.SubmitAsync($"/confirm-email?user={Guid.NewGuid()}&code=AAAA", "Confirm address");
            Assert.Equal(HttpStatusCode.OK, tried.StatusCode);
        }

        using var last = await client.SubmitAsync("/confirm-email?user=x&code=AAAA", "Confirm address");
        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
    }

    [Fact]
    public async Task Too_many_accounts_from_one_network_are_answered_429_in_words()
    {
        for (var time = 0; time < 6; time++)
        {
            using var client = Server.NewClient();
            using var answer = await client.SubmitAsync(
                "/sign-up",
                ("Email", $"person-{time}@example.com"),
                ("Password", "a long enough one")
            );
            Assert.Equal(time < 5 ? HttpStatusCode.Found : HttpStatusCode.TooManyRequests, answer.StatusCode);
            Assert.Equal(
                time == 5,
                (await FormClient.ReadAsync(answer)).Body!.TextContent.Contains(
                    "Many accounts were made from your network",
                    StringComparison.Ordinal
                )
            );
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
        Assert.Equal("Too many attempts", (await FormClient.ReadAsync(last)).QuerySelector("h1")?.TextContent);
        using var reading = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, reading.StatusCode);
    }
}
