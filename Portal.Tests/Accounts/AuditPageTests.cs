using Portal.Model.Accounts;
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
                db.Add(actor.Audit(Tenant.Epoch.AddMinutes(number), number % 2 == 0 ? "StopInstances" : "StartInstances", $"i-{number}", new { State = "running" }, new { State = "stopped" }));
                await db.SaveChangesAsync();
            }
        }

        using var client = await Server.NewClientAsync(person);
        Assert.Equal(("SignIn", 50), await FirstAsync(client, "/audit"));
        Assert.Equal(("StopInstances", 1), await FirstAsync(client, "/audit?resource=i-4"));
        Assert.Equal(("StartInstances", 30), await FirstAsync(client, "/audit?action=StartInstances"));
        var older = (await client.PageAsync("/audit")).QuerySelector(".pager a")!.GetAttribute("href")!;
        Assert.Equal(("StopInstances", 11), await FirstAsync(client, new Uri(Server.Address, older).PathAndQuery));
        Assert.Contains("Nothing matches", (await client.PageAsync("/audit?resource=i-none")).Body!.TextContent, StringComparison.Ordinal);
    }

    private static async Task<(string? Action, int Rows)> FirstAsync(FormClient client, string path)
    {
        var rows = (await client.PageAsync(path)).QuerySelectorAll("tbody tr");
        return (rows[0].Children[1].TextContent, rows.Length);
    }
}
