using Bunit;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Operators;
using Portal.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

public sealed class WordsTests : BunitContext
{
    [Theory]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux")]
    [InlineData(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
        "Safari on macOS"
    )]
    [InlineData(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1",
        "Safari on iPhone"
    )]
    [InlineData(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
        "Edge on Windows"
    )]
    [InlineData(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
        "Chrome on Android"
    )]
    [InlineData("curl/8.5.0", "curl")]
    [InlineData("", "An unknown browser")]
    [InlineData(null, "An unknown browser")]
    public void A_browser_is_named_as_its_owner_would(string? userAgent, string name) => Assert.Equal(name, Browser.Of(userAgent));

    [Theory]
    [InlineData("ada@example.com", true)]
    [InlineData("  ada@example.com  ", true)]
    [InlineData("ada+tag@sub.example.com", true)]
    [InlineData("ada", false)]
    [InlineData("ada@", false)]
    [InlineData("@example.com", false)]
    [InlineData("ada@example.com, bob@example.com", false)]
    [InlineData("ada@example.com\r\nBcc: all@example.com", false)]
    [InlineData("ada\0@example.com", false)]
    [InlineData("jo@xn--bcher-kva.example", true)]
    [InlineData("jo@bücher.example", true)]
    [InlineData("jo@BÜCHER.Example", true)]
    [InlineData("jo@例え。jp", true)]
    [InlineData("jo@xn--a.com", false)]
    [InlineData("jo@xn--ASCII-.com", false)]
    [InlineData("jo@xn--bcher-2pa.example", false)]
    [InlineData("jo, bob@bücher.example", false)]
    [InlineData("jo@bücher.example>", false)]
    [InlineData(null, false)]
    public void An_address_is_one_plain_address(string? typed, bool isOne) => Assert.Equal(isOne, EmailAddress.WhyNot(typed) is null);

    [Fact]
    public void An_address_is_as_long_as_its_octets()
    {
        Assert.Null(EmailAddress.WhyNot(new string('a', 242) + "@example.com"));
        Assert.Equal("That address is too long.", EmailAddress.WhyNot(new string('a', 243) + "@example.com"));
        Assert.Equal("That address is too long.", EmailAddress.WhyNot(new string('é', 122) + "@example.com"));
    }

    [Fact]
    public void A_suspended_or_unconfirmed_customer_may_not_create_and_is_told_why()
    {
        var account = new Account
        {
            Id = "acc-1",
            Name = "Ada",
            CreatedAt = Tenant.Epoch,
        };
        User Of(bool confirmed) =>
            new()
            {
                AccountId = account.Id,
                CreatedAt = Tenant.Epoch,
                EmailConfirmed = confirmed,
            };
        Assert.Null(CreateRule.WhyMayNotCreate(account, Of(confirmed: true)));
        Assert.Equal(CreateRule.Unconfirmed, CreateRule.WhyMayNotCreate(account, Of(confirmed: false)));
        account.SuspendedAt = Tenant.Epoch;
        Assert.Equal(CreateRule.Suspended, CreateRule.WhyMayNotCreate(account, Of(confirmed: true)));
    }

    [Fact]
    public void A_mail_waits_twice_as_long_after_each_failure_but_never_longer_than_a_quarter_of_an_hour()
    {
        var mail = new Mail
        {
            Id = Guid.NewGuid(),
            AccountId = "acc-1",
            To = "a@example.com",
            Subject = "s",
            Text = "t",
            Html = "h",
            CreatedAt = Tenant.Epoch,
            DueAt = Tenant.Epoch,
        };
        var waits = new List<TimeSpan>();
        for (var time = 0; time < 12; time++)
        {
            mail.Failed("away", Tenant.Epoch);
            waits.Add(mail.DueAt!.Value - Tenant.Epoch);
        }

        Assert.Equal([2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900], waits.Select(wait => (int)wait.TotalSeconds));
        mail.Refused("no such mailbox");
        Assert.Null(mail.DueAt);
    }

    [Fact]
    public void A_change_shows_what_became_different_and_nothing_else()
    {
        var actor = new Actor("acc-1", Guid.NewGuid(), "ada@example.com", null);
        var entry = actor.Audit(
            Tenant.Epoch,
            "StopInstances",
            "i-1",
            new { State = "running", Size = "t1.nano" },
            new
            {
                State = "stopped",
                Size = "t1.nano",
                Reason = "<b>asked</b>",
            }
        );
        var lines = Render<AuditChange>(parameters => parameters.Add(change => change.Entry, entry))
            .FindAll(".change")
            .Select(line => line.TextContent.Trim());
        Assert.Equal(["State running → stopped", "Reason <b>asked</b>"], lines);
    }

    [Fact]
    public void A_change_is_told_in_words_and_not_by_code_names()
    {
        var entry = new Actor("acc-1", Guid.NewGuid(), "ada@example.com", null).Audit(
            Tenant.Epoch,
            "RotateAccessKey",
            "ak-1",
            after: new
            {
                AccessKeyId = "AK1",
                Rights = "ReadWrite",
                Until = new DateTimeOffset(2026, 11, 30, 18, 28, 35, 481, TimeSpan.Zero),
                RemovedPasskeys = 0,
                Setup = Guid.NewGuid(),
                Card = "pm_RdYkLhQh45JtAOlE",
            }
        );
        var lines = Render<AuditChange>(parameters => parameters.Add(change => change.Entry, entry))
            .FindAll(".change")
            .Select(line => line.TextContent.Trim());
        Assert.Equal(["Access key ID AK1", "Permissions read and write", "Until 2026-11-30 18:28:35 UTC"], lines);
        var table = Render<EventsTable>(parameters =>
            parameters
                .Add(
                    events => events.Events,
                    [new Actor("acc-1", Guid.NewGuid(), "ada@example.com", null).Audit(Tenant.Epoch, "BeginCardSetup", $"{Guid.NewGuid()}")]
                )
                .Add(events => events.WithResources, true)
        );
        Assert.Equal(["Began adding a card", ""], table.FindAll("td").Skip(1).Take(2).Select(cell => cell.TextContent));
    }

    [Fact]
    public void A_field_points_at_what_is_wrong_with_it()
    {
        var input = Render<Field>(parameters =>
                parameters
                    .Add(field => field.Label, "E-mail")
                    .Add(field => field.Name, "Email")
                    .Add(field => field.Hint, "Yours")
                    .Add(field => field.Error, "Not one")
            )
            .Find("input");
        Assert.Equal(("true", "field-email-error"), (input.GetAttribute("aria-invalid"), input.GetAttribute("aria-describedby")));
        var calm = Render<Field>(parameters =>
                parameters.Add(field => field.Label, "E-mail").Add(field => field.Name, "Email").Add(field => field.Hint, "Yours")
            )
            .Find("input");
        Assert.Equal((null, "field-email-hint"), (calm.GetAttribute("aria-invalid"), calm.GetAttribute("aria-describedby")));
    }

    [Theory]
    [InlineData(5, 8, "width: 37.5%")]
    [InlineData(0, 0, "width: 0%")]
    [InlineData(-2, 8, "width: 100%")]
    public void A_meter_shows_how_much_is_taken(int free, int total, string style) =>
        Assert.Equal(
            style,
            Render<Meter>(parameters =>
                    parameters.Add(meter => meter.Free, free).Add(meter => meter.Total, total).Add(meter => meter.Text, "")
                )
                .Find("i")
                .GetAttribute("style")
        );
}
