using System.Diagnostics;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Model.Networking;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class SignUpTests(TestPostgres postgres) : SignUpScene(postgres)
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
}
