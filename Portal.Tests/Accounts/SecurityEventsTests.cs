using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

[Trait("Needs", "database")]
public sealed class SecurityEventsTests(TestPostgres postgres) : ServedTests(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_customer_reads_in_words_what_happened_at_the_door()
    {
        var person = await Server.AddPersonAsync();
        using var stranger = Server.NewClient();
        for (var time = 0; time < 6; time++)
        {
            using var wrong = await stranger.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", $"guess {time}"));
        }

        using var asked = await stranger.SubmitAsync("/forgot-password", ("Email", person.Email));
        await using (var db = CreateDbContext())
        {
            await db.Throttles.ExecuteDeleteAsync(Ct);
        }

        using var client = await Server.NewClientAsync(person);
        using var denied = await client.GetAsync("/operator");
        Assert.Equal(HttpStatusCode.NotFound, denied.StatusCode);
        using var wrongProof = await client.SubmitAsync("/settings", "Change password", ("Current", "not it at all"), ("Wanted", "another good password"));
        using var left = await client.SubmitAsync("/settings", "Sign out");
        using var again = await Server.NewClientAsync(person);
        var page = await again.PageAsync("/audit");
        var rows = page.QuerySelectorAll("tbody tr").Select(row => $"{row.Children[1].TextContent} by {row.Children[3].TextContent}").ToList();
        Assert.Equal(
            [
                $"Signed in by {person.Email}", $"Signed out by {person.Email}", $"Wrong password in the settings by {person.Email}", $"Refused a page for operators by {person.Email}",
                $"Signed in by {person.Email}", "Asked for a new password by mail by somebody", "Sign-in refused after too many tries by somebody", "Wrong password at the sign-in by somebody",
            ],
            rows);
    }

    [Fact]
    public async Task Nobody_fills_the_audit_from_outside()
    {
        var person = await Server.AddPersonAsync();
        var events = Server.Services.GetRequiredService<SecurityEvents>();
        for (var time = 0; time < 250; time++)
        {
            await events.NoteAsync(Actor.Stranger(person.AccountId, IPAddress.Loopback), SecurityEvent.FailedSignIn, Ct);
        }

        await using var db = CreateDbContext();
        var rows = await db.AuditEntries.Where(row => row.Action == "FailedSignIn").OrderBy(row => row.Id).Select(row => row.After).ToListAsync(Ct);
        Assert.Equal(3, rows.Count);
        Assert.Contains("\"Times\": 100", rows[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Each_kind_has_words() => Assert.All(
        Enum.GetNames<SecurityEvent>(), name => Assert.NotEqual(name, Portal.Shared.AuditWords.Of(name)));
}
