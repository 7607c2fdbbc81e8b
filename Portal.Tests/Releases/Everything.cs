using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Releases;

/// <summary>
/// Fills a database with a row of everything, as customers, operators and the worker would: by the web's forms and verbs, and by the
/// worker's jobs on an engine and an object store in memory.
/// </summary>
internal sealed partial class Everything : IAsyncDisposable
{
    private const string WebhookSecret = "whsec_of_the_dump";

    private readonly MovedClock clock;
    private readonly SandboxServer sandbox;
    private readonly PortalServer web;
    private readonly ServiceProvider worker;
    private readonly TestDatabase.OfRole owner;
    private readonly TestDatabase.OfRole asWorker;
    private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> secrets = new(StringComparer.Ordinal);

    private Everything(
        MovedClock clock,
        SandboxServer sandbox,
        PortalServer web,
        ServiceProvider worker,
        TestDatabase.OfRole owner,
        TestDatabase.OfRole asWorker
    ) => (this.clock, this.sandbox, this.web, this.worker, this.owner, this.asWorker) = (clock, sandbox, web, worker, owner, asWorker);

    /// <summary>Between sign-up and use: whoever has just changed how he signs in cannot have lost it.</summary>
    private static readonly TimeSpan Before = TimeSpan.FromDays(8);

    private static readonly TimeSpan EachCodeIsGoodOnce = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Token => Guid.NewGuid().ToString("N");

    /// <param name="database">Migrated, and otherwise empty.</param>
    /// <param name="keyRing">The file with the key that wraps its ring.</param>
    public static async Task<Noted> MakeAsync(string database, string keyRing)
    {
        // The database's own clock is not moved, and lets the web begin no use in the past: that comes when the days are over.
        var clock = new MovedClock(TimeProvider.System.GetUtcNow() - Before);
        var sandbox = await SandboxServer.StartAsync(clock);
        var web = await PortalServer.StartAsync(
            database,
            builder => builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)),
            settings: [("KeyRing:File", keyRing), ("Stripe:ApiBase", sandbox.Url), ("Stripe:WebhookSecret", WebhookSecret)]
        );
        var (owner, asWorker) = (new TestDatabase.OfRole(database), new TestDatabase.OfRole(TestPostgres.As("worker", database)));
        var worker = WorkerServices.Of(
            asWorker,
            asWorker.Source,
            new InMemoryEngine(),
            clock,
            new InMemoryStore(clock),
            web.Services.GetRequiredService<IDataProtectionProvider>()
        );
        await using var everything = new Everything(clock, sandbox, web, worker, owner, asWorker);
        return await everything.MakeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await worker.DisposeAsync();
        await web.DisposeAsync();
        await sandbox.DisposeAsync();
        await asWorker.Source.DisposeAsync();
        await owner.Source.DisposeAsync();
    }

    private async Task<Noted> MakeAsync()
    {
        var customer = await SignUpAsync("ada@example.com");
        var lost = await SignUpAsync("lost@example.com");
        var keeper = await AddOperatorAsync("keeper@example.com");
        clock.Advance(Before);
        await LoseAsync(await SignInAsync(keeper), lost);
        var ada = await SignInAsync(customer);
        await AddCardsAsync(ada);
        await AddMachinesAsync(ada);

        // Days have gone by, and what follows wants a fresh sign-in.
        (ada, var admin) = (await SignInAsync(customer), await SignInAsync(keeper));
        await AddBucketsAsync(ada, admin);
        await AddSpenderAsync(admin);
        await AddTroubleAsync(ada);
        await AddWaitingAsync(ada);
        AddJobs();
        clock.Advance(EachCodeIsGoodOnce);
        using var client = web.NewClient();
        await SignInAsync(client, customer, clock);
        var counts = await CountsAsync(client);
        clock.Advance(EachCodeIsGoodOnce);
        var at = clock.GetUtcNow();
        return new Noted(at, customer, keeper, await BillAsync(ada.AccountId, at), names, counts, secrets);
    }

    /// <summary>How many of each kind the lists say there are. Their rows come to a browser only, later than the page.</summary>
    public static async Task<Dictionary<string, int>> CountsAsync(FormClient client)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var path in (string[])["/instances", "/volumes", "/snapshots", "/networks"])
        {
            var shown = (await client.PageAsync(path)).QuerySelector("main .filters")!.TextContent;
            counts[path] = int.Parse(AllOfThem().Match(shown).Groups["count"].Value, CultureInfo.InvariantCulture);
        }

        return counts;
    }

    [GeneratedRegex(@"All states \((?<count>[1-9]\d*)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AllOfThem();

    /// <summary>Of the month until then, as the page reckons it.</summary>
    public static decimal Bill(IReadOnlyCollection<UsageSpan> spans, IReadOnlyCollection<Price> prices, DateTimeOffset at) =>
        Rating.Rate([.. spans], [.. prices], Forecast.StartOfMonth(at), at).Total;

    private Task<decimal> BillAsync(string account, DateTimeOffset at) =>
        ReadAsync(async db =>
            Bill(await db.UsageSpans.Where(span => span.AccountId == account).ToListAsync(Ct), await db.Prices.ToListAsync(Ct), at)
        );

    private T Web<T>()
        where T : notnull => web.Services.GetRequiredService<T>();

    private T Worker<T>()
        where T : notnull => worker.GetRequiredService<T>();

    private async Task<T> ReadAsync<T>(Func<PortalDb, Task<T>> read)
    {
        await using var db = owner.CreateDbContext();
        return await read(db);
    }

    private static T Done<T>(Outcome<T> outcome) =>
        outcome.IsDone ? outcome.Value! : throw new InvalidOperationException($"It was refused: {outcome.Reason}");

    private static void Done(Outcome outcome)
    {
        if (outcome.Reason is { } reason)
        {
            throw new InvalidOperationException($"It was refused: {reason}");
        }
    }

    private static async Task AcceptedAsync(Task<HttpResponseMessage> sent)
    {
        using var answer = await sent;
        if (answer.StatusCode is not (HttpStatusCode.Found or HttpStatusCode.OK))
        {
            throw new InvalidOperationException($"{answer.RequestMessage?.RequestUri} was answered by {answer.StatusCode}.");
        }
    }
}
