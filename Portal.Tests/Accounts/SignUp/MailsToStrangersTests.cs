using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>How many mails strangers can have sent, and to whom.</summary>
[Trait("Needs", "database")]
public sealed class MailsToStrangersTests(TestPostgres postgres) : SignUpScene(postgres)
{
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
}
