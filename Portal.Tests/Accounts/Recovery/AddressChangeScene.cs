using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>Somebody whose address is changed, and the mails about it.</summary>
public abstract class AddressChangeScene(TestPostgres postgres) : ServedTests(postgres)
{
    protected const string Confirm = "Use this address";

    protected static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    /// <returns>The link in the mail to the new address.</returns>
    protected async Task<string> AskAsync(FormClient client, string wanted)
    {
        using var asked = await client.SubmitAsync(
            "/settings",
            "Send the link",
            ("NewAddress", wanted),
            ("AddressPassword", PortalServer.Password)
        );
        Assert.Equal("/settings?done=address-asked", asked.Headers.Location?.PathAndQuery);
        return await LinkAsync(wanted, "/settings/email?");
    }

    protected Task<string> UndoLinkAsync(string to) => LinkAsync(to, "/undo-email?");

    protected async Task<string> LinkAsync(string to, string page, string subject = "")
    {
        await using var db = CreateDbContext();
        var mail = await db.Mails.SingleAsync(mail => mail.To == to && mail.Text.Contains(page) && mail.Subject.StartsWith(subject), Ct);
        return new Uri(mail.Text.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal))).PathAndQuery;
    }

    protected async Task<User> UserAsync(Person person)
    {
        await using var db = CreateDbContext();
        return await db.Users.AsNoTracking().SingleAsync(user => user.Id == person.UserId, Ct);
    }
}
