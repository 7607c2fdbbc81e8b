using System.Diagnostics;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Accounts;
using Portal.Model.Networking;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class SignUpTests(TestPostgres postgres) : ServedTests(postgres)
{
    [Fact]
    public async Task Whoever_is_refused_goes_on_at_the_field_that_was_wrong()
    {
        using var client = Server.NewClient();
        using var weak = await client.SubmitAsync("/sign-up", ("Email", "ada@example.com"), ("Password", "short"));
        Assert.Equal(["Password"], await FocusedAsync(weak));
        using var both = await client.SubmitAsync("/sign-up", ("Email", "ada"), ("Password", "short"));
        Assert.Equal(["Email"], await FocusedAsync(both));
        using var wrong = await client.SubmitAsync("/sign-in", "Sign in", ("Email", "ada@example.com"), ("Password", "not it at all"));
        Assert.Equal(["Password"], await FocusedAsync(wrong));
        using var opened = await client.GetAsync("/sign-in?returnUrl=%2Fconfirm-email%3Fuser%3Dx%26code%3Dy");
        var page = await FormClient.ReadAsync(opened);
        Assert.Equal("Sign in to confirm your e-mail address.", page.QuerySelector("[role=status]")?.TextContent);
    }

    private static async Task<IEnumerable<string?>> FocusedAsync(HttpResponseMessage answer) =>
        (await FormClient.ReadAsync(answer)).QuerySelectorAll("[autofocus]").Select(field => field.GetAttribute("name"));

    [Fact]
    public async Task Signing_up_makes_an_account_with_a_project_a_network_and_a_group_that_lets_ssh_in()
    {
        using var client = Server.NewClient();
        using var answer = await SignUpAsync(client, "ada@example.com");

        Assert.Equal("/billing/card?returnUrl=/instances/new", answer.Headers.Location?.PathAndQuery);
        await using var db = CreateDbContext();
        var user = await db.Users.SingleAsync();
        Assert.False(user.EmailConfirmed);
        Assert.Equal("default", (await db.Projects.SingleAsync(project => project.AccountId == user.AccountId)).Name);
        var network = await db.Networks.Include(network => network.Subnets).SingleAsync();
        Assert.Equal(("default", "local", "10.0.0.0/16"), (network.Name, network.RegionId, network.Range.ToString()));
        Assert.Equal("10.0.0.0/24", Assert.Single(network.Subnets).Range.ToString());
        var group = await db.SecurityGroups.Include(group => group.Rules).SingleAsync();
        Assert.True(group.IsDefault);
        Assert.Equal(
            [
                (RuleDirection.Inbound, TransportProtocol.Tcp, 22, 22, "0.0.0.0/0"),
                (RuleDirection.Outbound, TransportProtocol.All, 0, 65535, "0.0.0.0/0"),
            ],
            group
                .Rules.OrderBy(rule => rule.Direction)
                .Select(rule => (rule.Direction, rule.Protocol, rule.FromPort, rule.ToPort, $"{rule.Range}"))
        );
        Assert.Equal(["SignUp", "SignIn"], await db.AuditEntries.OrderBy(entry => entry.Id).Select(entry => entry.Action).ToListAsync());
        Assert.Contains("confirm-email?user=", (await db.Mails.SingleAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_known_address_is_answered_as_an_unknown_one_and_its_owner_gets_a_mail()
    {
        var owner = await Server.AddPersonAsync();
        using var client = Server.NewClient();
        using var known = await SignUpAsync(client, owner.Email);
        using var stranger = Server.NewClient();
        using var unknown = await SignUpAsync(stranger, "nobody@example.com");

        Assert.Equal((unknown.StatusCode, unknown.Headers.Location), (known.StatusCode, known.Headers.Location));
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(mail => mail.To == owner.Email);
        Assert.DoesNotContain("confirm-email", mail.Text, StringComparison.Ordinal);
        Assert.NotEqual(owner.AccountId, mail.AccountId);
    }

    [Fact]
    public async Task A_known_address_is_answered_as_late_as_an_unknown_one()
    {
        var owner = await Server.AddPersonAsync();
        using var warm = await SignUpAsync(Server.NewClient(), "warm@example.com");
        foreach (var email in (string[])[owner.Email, "nobody@example.com"])
        {
            using var client = Server.NewClient();
            var form = (await client.PageAsync("/sign-up")).Forms.Single();
            var began = Stopwatch.GetTimestamp();
            using var answer = await client.SendAsync("/sign-up", form, ("Email", email), ("Password", "a long enough one"));
            Assert.InRange(Stopwatch.GetElapsedTime(began).TotalMilliseconds, 380, 5000);
        }
    }

    [Fact]
    public async Task The_form_sent_twice_at_once_makes_one_account()
    {
        using var client = Server.NewClient();
        var page = await client.PageAsync("/sign-up");
        var form = page.Forms.Single();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(_ => client.SendAsync("/sign-up", form, ("Email", "twice@example.com"), ("Password", "a long enough one")))
        );
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Found, answer.StatusCode));
        await using var db = CreateDbContext();
        Assert.Single(await db.Users.Where(user => user.Email == "twice@example.com").ToListAsync());
    }

    /// <summary>Each holds a connection while it asks for another.</summary>
    [Fact]
    public async Task More_at_once_than_the_pool_has_connections_are_all_served()
    {
        await using var server = await PortalServer.StartAsync(
            new NpgsqlConnectionStringBuilder(ConnectionString) { MaxPoolSize = 20 }.ConnectionString
        );
        using var client = server.NewClient();
        var form = (await client.PageAsync("/sign-up")).Forms.Single();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 40)
                .Select(_ => client.SendAsync("/sign-up", form, ("Email", "many@example.com"), ("Password", "a long enough one")))
        );
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Found, answer.StatusCode));
        await using var db = CreateDbContext();
        Assert.Equal(0, await db.AuditEntries.CountAsync(entry => entry.Action == "ThrottledSignIn"));
    }

    [Fact]
    public async Task A_stranger_can_have_a_few_mails_sent_to_a_mailbox_and_is_told_when_none_is_sent()
    {
        var first = true;
        foreach (var email in (string[])["ada@example.com", "ADA@example.com", "ada+1@example.com", "ada+2@example.com", "ada@example.com"])
        {
            using var client = Server.NewClient();
            using var answer = await client.SubmitAsync(
                "/sign-up",
                ("Email", email),
                ("Password", $"one long password for {Guid.NewGuid()}")
            );
            Assert.Equal("/billing/card?returnUrl=/instances/new", answer.Headers.Location?.PathAndQuery);
            using var again = await client.SubmitAsync("/confirm-email", "Send the link again");
            Assert.Equal(first ? "/confirm-email" : "/confirm-email?sent=none", again.Headers.Location?.OriginalString);
            Assert.Equal(
                !first,
                (await client.PageAsync(again.Headers.Location!.OriginalString)).Body!.TextContent.Contains(
                    "No mail was sent this time",
                    StringComparison.Ordinal
                )
            );
            first = false;
        }

        await using var db = CreateDbContext();
        Assert.Equal(3, await db.Mails.CountAsync());
    }

    [Fact]
    public async Task What_strangers_cause_from_elsewhere_leaves_the_owner_his_mails_and_a_mailbox_is_not_flooded()
    {
        await using var server = await PortalServer.StartAsync(ConnectionString, settings: ("Portal:KnownProxies", "127.0.0.1"));
        await using var db = CreateDbContext();
        foreach (var network in (string[])["192.0.2.1", "192.0.2.2", "192.0.2.3"])
        {
            for (var time = 0; time < 4; time++)
            {
                using var stranger = server.NewClient().From(network);
                using var answer = await stranger.SubmitAsync(
                    "/sign-up",
                    ("Email", $"ada+{time}@example.com"),
                    ("Password", $"one long password for {Guid.NewGuid()}")
                );
            }
        }

        Assert.Equal(9, await db.Mails.CountAsync());
        using var owner = server.NewClient().From("198.51.100.7");
        using var own = await SignUpAsync(owner, "ada@example.com");
        Assert.Equal(1, await db.Mails.CountAsync(mail => mail.To == "ada@example.com"));
    }

    /// <summary>With a handful of networks somebody could use up each hour what a mailbox may get in it.</summary>
    [Fact]
    public async Task However_much_a_few_networks_have_caused_the_first_from_another_goes_out_and_what_a_known_browser_asks_for()
    {
        await using var server = await PortalServer.StartAsync(ConnectionString, settings: ("Portal:KnownProxies", "127.0.0.1"));
        var owner = await server.AddPersonAsync();
        await CauseAsync(owner, Enumerable.Range(0, 12).Select(number => $"192.0.2.{number % 4}"));
        Assert.Equal([1, 0, 0], await AskAsync(3, () => server.NewClient().From("198.51.100.7"), owner));
        Assert.Equal([0], await AskAsync(1, () => server.NewClient().From("192.0.2.1"), owner));

        // Each first one of another network up to a number: then the mailbox is flooded, and only its owner goes on.
        await CauseAsync(owner, Enumerable.Range(0, 16).Select(number => $"203.0.113.{number}"));
        Assert.Equal([1], await AskAsync(1, () => server.NewClient().From("198.51.100.8"), owner));
        Assert.Equal([0], await AskAsync(1, () => server.NewClient().From("198.51.100.9"), owner));
        using var known = await server.NewClientAsync(owner);
        known.SendKnownDevice();
        Assert.Equal([1, 1, 0], await AskAsync(3, () => known.From("192.0.2.1"), owner));
    }

    /// <summary>A customer of a provider has 65,536 networks of IPv6 in his /48.</summary>
    [Fact]
    public async Task All_networks_of_one_IPv6_site_together_cause_few_and_are_one_that_has_caused_some()
    {
        await using var server = await PortalServer.StartAsync(ConnectionString, settings: ("Portal:KnownProxies", "127.0.0.1"));
        var owner = await server.AddPersonAsync();
        var network = 0;
        Assert.Equal([1, 1, 1, 1, 1, 1, 0], await AskAsync(7, () => server.NewClient().From($"2001:db8:1:{++network:x}::1"), owner));
        await CauseAsync(owner, Enumerable.Range(0, 6).Select(number => $"192.0.2.{number}"));
        Assert.Equal([1, 0], await AskAsync(2, () => server.NewClient().From($"2001:db8:2:{++network:x}::1"), owner));
    }

    /// <summary>Mails for a new password that somebody elsewhere has asked for just now.</summary>
    private async Task CauseAsync(Person owner, IEnumerable<string> networks)
    {
        await using var db = CreateDbContext();
        db.AddRange(
            networks.Select(network =>
            {
                var mail = Mail.Write(owner.AccountId, owner.Email, "A", "b", null, "c", TimeProvider.System.GetUtcNow());
                mail.CountedAs = $"reset {owner.Email.ToUpperInvariant()} {network}";
                return mail;
            })
        );
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    /// <returns>How many mails went out for each time that somebody asked.</returns>
    private async Task<List<int>> AskAsync(int times, Func<FormClient> client, Person owner)
    {
        await using var db = CreateDbContext();
        List<int> sent = [];
        for (var time = 0; time < times; time++)
        {
            var before = await db.Mails.CountAsync(TestContext.Current.CancellationToken);
            using var answer = await client().SubmitAsync("/forgot-password", ("Email", owner.Email));
            Assert.Contains("Check your mail", (await FormClient.ReadAsync(answer)).Body!.TextContent, StringComparison.Ordinal);
            sent.Add(await db.Mails.CountAsync(TestContext.Current.CancellationToken) - before);
        }

        return sent;
    }

    [Fact]
    public async Task Forgotten_passwords_send_a_few_mails_an_hour_too()
    {
        var owner = await Server.AddPersonAsync();
        for (var time = 0; time < 5; time++)
        {
            using var client = Server.NewClient();
            using var answer = await client.SubmitAsync("/forgot-password", ("Email", owner.Email));
            Assert.Contains("Check your mail", (await FormClient.ReadAsync(answer)).Body!.TextContent, StringComparison.Ordinal);
        }

        await using var db = CreateDbContext();
        Assert.Equal(3, await db.Mails.CountAsync());
        var longAgo = TimeProvider.System.GetUtcNow().AddMinutes(-61);
        await db.Mails.ExecuteUpdateAsync(set => set.SetProperty(mail => mail.CreatedAt, longAgo));
        using var later = Server.NewClient();
        using var more = await later.SubmitAsync("/forgot-password", ("Email", owner.Email));
        Assert.Equal(4, await db.Mails.CountAsync());
    }

    [Fact]
    public async Task An_address_that_nobody_has_confirmed_hears_of_no_changes()
    {
        using var client = Server.NewClient();
        using var signedUp = await SignUpAsync(client, "victim@example.com");
        using var changed = await client.SubmitAsync(
            "/settings",
            "Change password",
            ("Current", "a long enough one"),
            ("Wanted", "another good password")
        );
        Assert.Equal("/settings?done=password", changed.Headers.Location?.PathAndQuery);
        await using var db = CreateDbContext();
        Assert.Equal("Confirm your e-mail address", (await db.Mails.SingleAsync()).Subject);
    }

    [Theory]
    [InlineData("no address", "a long enough one", "That does not look like an e-mail address.")]
    [InlineData("Ada <ada@example.com>", "a long enough one", "That does not look like an e-mail address.")]
    [InlineData("ada@example.com", "short", "Use at least 8 characters.")]
    [InlineData(
        "ada@example.com",
        "iloveyou1",
        "That is one of the passwords that are tried first. Use something longer, such as a few words that do not belong together."
    )]
    [InlineData("ada@example.com", "ADA@example.com", "Use something that has nothing to do with your e-mail address or with Portal.")]
    public async Task What_will_not_do_is_said_beside_its_field(string email, string password, string sentence)
    {
        using var client = Server.NewClient();
        using var answer = await client.SubmitAsync("/sign-up", ("Email", email), ("Password", password));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(sentence, (await FormClient.ReadAsync(answer)).QuerySelector(".validation-message")?.TextContent);
    }

    private static Task<HttpResponseMessage> SignUpAsync(FormClient client, string email) =>
        client.SubmitAsync("/sign-up", ("Email", email), ("Password", "a long enough one"));
}
