using System.Net;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Playwright;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Accounts;

/// <summary>No account fills the audit, by whatever it changes.</summary>
[Trait("Needs", "database")]
[Trait("Needs", "browser")]
public sealed partial class ChangeLimitTests(TestPostgres postgres, ABrowser browser) : ServedTests(postgres)
{
    private const string Sentence = "That is more than 60 changes of this kind in a minute. Wait a minute, then go on.";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    /// <summary>Each that the source knows, and one that it does not know yet.</summary>
    [Fact]
    public async Task Every_kind_of_change_is_written_down_sixty_times_a_minute_and_no_more_but_those_that_go_by_hundreds()
    {
        var person = await Server.AddPersonAsync();
        var kinds = Kinds();
        Assert.InRange(kinds.Count, 70, int.MaxValue);
        Assert.Subset(kinds, ChangeLimit.Unlimited.ToHashSet(StringComparer.Ordinal));
        kinds.Add("SomethingThatComesLater");
        await WriteAsync(person, kinds, ChangeLimit.MostPerMinute, AnAccount.Now);
        foreach (var kind in kinds)
        {
            await (
                ChangeLimit.Unlimited.Contains(kind)
                    ? WriteAsync(person, kind, 1, AnAccount.Now.AddSeconds(59))
                    : Assert.ThrowsAsync<TooManyChangesException>(() => WriteAsync(person, kind, 1, AnAccount.Now.AddSeconds(59)))
            );
        }

        await using var db = CreateDbContext();
        Assert.Equal(60, await db.AuditEntries.CountAsync(entry => entry.Action == "RenameVolume", Ct));
        await WriteAsync(person, "RenameVolume", 1, AnAccount.Now.AddMinutes(1));
        await WriteAsync(await Server.AddPersonAsync(), "RenameVolume", 1, AnAccount.Now);

        // Portal's own go on, and are not counted.
        db.Add(Actor.Portal(person.AccountId).Audit(AnAccount.Now, "RenameVolume", null));
        await db.SaveChangesAsync(Ct);
        Assert.Throws<NotSupportedException>(() =>
        {
            db.Add(ActorOf(person).Audit(AnAccount.Now, "RenameSnapshot", null));
            db.SaveChanges();
        });
    }

    /// <summary>Audit rows come into the database by the one context that is set up with the limit.</summary>
    [Fact]
    public void There_is_no_other_way_into_the_audit()
    {
        var code = new[] { "Portal", "Portal.Model", "Portal.Worker" }.SelectMany(project => Sources.Files(project, "*.cs")).ToList();
        Assert.Equal(
            ["Portal.Model/Shared/Database/PortalDbSetup.cs"],
            code.Where(file => file.Text.Contains(".UseNpgsql(", StringComparison.Ordinal)).Select(file => file.Name)
        );
        Assert.DoesNotContain(code, file => IntoAudit().IsMatch(file.Text));
    }

    [Fact]
    public async Task Verbs_of_each_room_are_refused_and_nothing_is_changed()
    {
        var (clock, ada) = (new FakeTimeProvider(AnAccount.Now), await AnAccount.ReadyAsync(this));
        await using var db = CreateDbContext();
        var network = await db.Networks.AsNoTracking().SingleAsync(network => network.AccountId == ada.AccountId, Ct);
        var group = await db.SecurityGroups.AsNoTracking().SingleAsync(group => group.AccountId == ada.AccountId, Ct);
        var made = await new CreateInstance(this, clock).RunAsync(ada, AnAccount.Wish(await AnAccount.ImageAsync(this)), Ct);
        var (instance, volume) = (made.Value![0].Id, made.Value[0].Volumes.Single().Id);
        Func<int, Task>[] verbs =
        [
            time => new EditNetwork(this, clock).RenameAsync(ada, network.Id, $"name-{time}", Ct),
            time => new SecurityGroups(this, clock).RenameAsync(ada, group.Id, $"name-{time}", Ct),
            time => new ChangeVolume(this, clock).RenameAsync(ada, volume, $"name-{time}", Ct),
            time => new EditInstance(this, clock).RenameAsync(ada, instance, $"name-{time}", Ct),
        ];
        foreach (var verb in verbs)
        {
            for (var time = 0; time < ChangeLimit.MostPerMinute; time++)
            {
                await verb(time);
            }

            Assert.Equal(Sentence, (await Assert.ThrowsAsync<TooManyChangesException>(() => verb(60))).Message);
        }

        Assert.Equal("name-59", await db.Networks.Where(row => row.Id == network.Id).Select(row => row.Name).SingleAsync(Ct));
        Assert.Equal("name-59", await db.Volumes.Where(row => row.Id == volume).Select(row => row.Name).SingleAsync(Ct));
    }

    [Fact]
    public async Task A_form_is_answered_with_the_sentence_and_does_nothing()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        using var other = await Server.NewClientAsync(person);
        await WriteAsync(person, "RevokeOtherSessions", ChangeLimit.MostPerMinute, TimeProvider.System.GetUtcNow());
        using var refused = await client.SubmitAsync("/settings", "End all others");
        Assert.Equal((HttpStatusCode.TooManyRequests, "60"), (refused.StatusCode, refused.Headers.RetryAfter?.ToString()));
        Assert.Equal(Sentence, (await FormClient.ReadAsync(refused)).QuerySelector("[role=status]")?.TextContent);
        using var stands = await other.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.OK, stands.StatusCode);
    }

    [Fact]
    public async Task A_press_on_an_open_page_is_told_so_and_what_was_typed_stays()
    {
        var person = await Server.AddPersonAsync();
        var page = await browser.SignInAsync(Server, person, "/networks/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true }).FillAsync("mine");
        await WriteAsync(person, "CreateVpc", ChangeLimit.MostPerMinute, TimeProvider.System.GetUtcNow());
        await page.GetByRole(AriaRole.Button, new() { Name = "Create network" }).ClickAsync();
        await Expect(page.GetByText(Sentence)).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true })).ToHaveValueAsync("mine");
    }

    /// <summary>Without an address, so that there is nothing personal to write beside each row.</summary>
    private static Actor ActorOf(Person person) => new(person.AccountId, person.UserId, "portal", null);

    private Task WriteAsync(Person person, string kind, int times, DateTimeOffset at) => WriteAsync(person, [kind], times, at);

    private async Task WriteAsync(Person person, IEnumerable<string> kinds, int times, DateTimeOffset at)
    {
        await using var db = CreateDbContext();
        db.AddRange(kinds.SelectMany(kind => Enumerable.Range(0, times).Select(_ => ActorOf(person).Audit(at, kind, null))));
        await db.SaveChangesAsync(Ct);
    }

    /// <summary>Every text that is written like one, more than there are: a kind too many costs nothing.</summary>
    private static HashSet<string> Kinds() =>
        new[] { "Portal", "Portal.Model" }
            .SelectMany(project => Sources.Files(project, "*.cs"))
            .Where(file => Writes().IsMatch(file.Text))
            .SelectMany(file => Kind().Matches(file.Text))
            .Select(kind => kind.Groups["kind"].Value)
            .Concat(Enum.GetNames<InstanceAction>().Select(action => $"{action}Instances"))
            .ToHashSet(StringComparer.Ordinal);

    [GeneratedRegex("Audit|RunAsync|WriteAsync", RegexOptions.NonBacktracking)]
    private static partial Regex Writes();

    [GeneratedRegex("\"(?<kind>[A-Z][a-z]+[A-Z][A-Za-z]*)\"", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Kind();

    [GeneratedRegex(
        "(INTO|COPY)\\s+\\W*Audit(Entries|Persons)|AuditEntries\\.Execute",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture
    )]
    private static partial Regex IntoAudit();
}
