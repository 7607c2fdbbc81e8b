using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Operators;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class AuditPageTests(TestPostgres postgres) : ServedTests(postgres)
{
    [Fact]
    public async Task Shows_the_newest_first_filtered_by_the_address_and_page_by_page()
    {
        var person = await Server.AddPersonAsync();
        var actor = new Actor(person.AccountId, person.UserId, person.Email, null);
        await using (var db = CreateDbContext())
        {
            for (var number = 0; number < 60; number++)
            {
                db.Add(
                    actor.Audit(
                        Tenant.Epoch.AddMinutes(number),
                        number % 2 == 0 ? "StopInstances" : "StartInstances",
                        $"i-{number}",
                        new { State = "running" },
                        new { State = "stopped" }
                    )
                );
                await db.SaveChangesAsync();
            }
        }

        using var client = await Server.NewClientAsync(person);
        Assert.Equal(("Signed in", 50), await FirstAsync(client, "/audit"));
        Assert.Equal(("Stopped the instance", 1), await FirstAsync(client, "/audit?resource=i-4"));
        Assert.Equal(("Started the instance", 30), await FirstAsync(client, "/audit?action=StartInstances"));
        var older = (await client.PageAsync("/audit")).QuerySelector(".pager a")!.GetAttribute("href")!;
        Assert.Equal(("Stopped the instance", 11), await FirstAsync(client, new Uri(Server.Address, older).PathAndQuery));
        Assert.Contains("Nothing matches", (await client.PageAsync("/audit?resource=i-none")).Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_tells_of_a_person_stands_beside_the_entry_and_can_be_erased_from_there()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        await using var db = CreateDbContext();
        db.Add(
            new Actor(person.AccountId, person.UserId, person.Email, null).Audit(
                Tenant.Epoch,
                "ConfirmEmail",
                null,
                after: new { Email = new Personal(person.Email), Kept = 1 }
            )
        );
        db.Add(Actor.Portal(person.AccountId).Audit(Tenant.Epoch, "ObserveInstance", null));
        await db.SaveChangesAsync();
        Assert.Equal([$"{person.Email}", $"Kept 1 Email {person.Email}"], await ConfirmedAsync(client));
        Assert.Empty(
            await db
                .Database.SqlQuery<string>(
                    $"""SELECT a::text AS "Value" FROM "AuditEntries" a WHERE position({person.Email} IN a::text) > 0 OR a::text LIKE '%127.0.0.1%' OR a::text LIKE '%::1%'"""
                )
                .ToListAsync()
        );

        using var output = new StringWriter();
        Assert.Equal(0, await EraseAsync(person.AccountId, TestPostgres.As("owner", ConnectionString), output));
        Assert.StartsWith(
            $"Nothing in the audit of {person.AccountId} tells of a person any more; 2 entries did.",
            output.ToString(),
            StringComparison.Ordinal
        );
        Assert.Equal(["erased", "Kept 1 Email erased"], await ConfirmedAsync(client));
        Assert.Empty(await db.AuditPersons.AsNoTracking().ToListAsync());
        Assert.Equal(
            ["portal", "portal"],
            (await db.AuditEntries.AsNoTracking().Where(entry => entry.UserId == null).ToListAsync()).Select(entry => entry.Who)
        );
        Assert.Equal("""{"Entries": 2}""", (await db.AuditEntries.AsNoTracking().SingleAsync(entry => entry.Action == "EraseAudit")).After);
    }

    [Fact]
    public async Task Only_the_database_s_owner_erases()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        using var errors = new StringWriter();
        Assert.Equal(1, await EraseAsync(person.AccountId, TestPostgres.As("web", ConnectionString), errors));
        Assert.StartsWith("Only the role that owns the database erases", errors.ToString(), StringComparison.Ordinal);
        await using var db = CreateDbContext();
        Assert.Equal(person.Email, (await db.AuditEntries.SingleAsync(entry => entry.Action == "SignIn")).Who);
    }

    private static async Task<int> EraseAsync(string accountId, string connection, StringWriter told)
    {
        await using var services = TestPostgres.ServicesOf(connection, TestPostgres.KeyRingFile);
        return await Commands.EraseAuditAsync(services, accountId, told, told, CancellationToken.None);
    }

    /// <summary>Who confirmed an address, and what the change was.</summary>
    private static async Task<string[]> ConfirmedAsync(FormClient client)
    {
        var row = Assert.Single((await client.PageAsync("/audit?action=ConfirmEmail")).QuerySelectorAll("tbody tr"));
        return
        [
            row.Children[3].TextContent,
            string.Join(' ', row.Children[5].QuerySelectorAll(".change").Select(change => change.TextContent.Trim())),
        ];
    }

    private static async Task<(string? Action, int Rows)> FirstAsync(FormClient client, string path)
    {
        var rows = (await client.PageAsync(path)).QuerySelectorAll("tbody tr");
        return (rows[0].Children[1].TextContent, rows.Length);
    }
}
