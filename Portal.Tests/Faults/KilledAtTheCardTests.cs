using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Billing;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using Stripe;
using Person = Portal.Tests.Shared.Person;

namespace Portal.Tests.Faults;

/// <summary>
/// Workers in processes of their own are killed at each call by which they check a card: before it has its effect, and after that but
/// before they hear of it, as with a charge whose answer is lost. So is the answer alone.
/// </summary>
[Trait("Needs", "database")]
public sealed class KilledAtTheCardTests(TestPostgres postgres) : ServedTests(postgres)
{
    private const string Works = "4242424242424242",
        Declined = "4000000000000341";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static readonly (string Name, string Number, Func<HttpRequest, bool> Is)[] Calls =
    [
        (
            "look at the card page",
            Works,
            request => request.Method is "GET" && request.Path.StartsWithSegments("/v1/checkout/sessions", StringComparison.Ordinal)
        ),
        ("authorize", Works, request => request.Method is "POST" && request.Path == "/v1/payment_intents"),
        (
            "take it back",
            Works,
            request =>
                request.Method is "POST"
                && request.Path.StartsWithSegments("/v1/payment_intents", StringComparison.Ordinal)
                && request.Path.Value!.EndsWith("/cancel", StringComparison.Ordinal)
        ),
        ("authorize what is declined", Declined, request => request.Method is "POST" && request.Path == "/v1/payment_intents"),
        (
            "detach what was declined",
            Declined,
            request => request.Method is "POST" && request.Path.StartsWithSegments("/v1/payment_methods", StringComparison.Ordinal)
        ),
    ];

    private SandboxServer sandbox = null!;
    private GatewayProxy proxy = null!;

    protected override (string Key, string Value)[] Settings => [("Sandbox:Url", sandbox.Url), ("Trust:AccountsPerCard", "1000")];

    public override async ValueTask InitializeAsync()
    {
        sandbox = await SandboxServer.StartAsync();
        proxy = await GatewayProxy.StartAsync(sandbox.Url);
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await proxy.DisposeAsync();
        await sandbox.DisposeAsync();
    }

    [Fact]
    public async Task Each_card_is_authorized_once_nothing_stays_authorized_and_its_owner_sees_what_came_of_it()
    {
        var customers = new List<(Person Person, Guid Setup, string Number)>();
        foreach (var ((name, number, isCall), point) in Chaos.Points(Calls, sample: 2))
        {
            customers.Add(await EnterAsync(number));
            await KillAtAsync(isCall, point, name);
            customers.Add(await EnterAsync(number));
            await LoseAtAsync(isCall, point, name);
        }

        await HurryAsync();
        using var survivor = await StartAsync();
        await Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                return !await db.CardSetups.AnyAsync(setup => setup.SettledAt == null, Ct);
            },
            Patience
        );
        var intents = (
            await sandbox.Stripe.V1.PaymentIntents.ListAsync(new PaymentIntentListOptions { Limit = 100 }, cancellationToken: Ct)
        ).Data;
        foreach (var (person, setupId, number) in customers)
        {
            await EndedOnceAsync(person, setupId, number, intents);
        }

        await new ThreeTruths(this).AgreeAsync(Server);
    }

    /// <summary>Stripe's truth, the rows', and the page's.</summary>
    private async Task EndedOnceAsync(Person person, Guid setupId, string number, List<PaymentIntent> intents)
    {
        await using var db = CreateDbContext();
        var works = number is Works;
        var setup = await db.CardSetups.AsNoTracking().SingleAsync(setup => setup.Id == setupId, Ct);
        Assert.Equal(works ? CardSetupState.Succeeded : CardSetupState.Refused, setup.State);
        var intent = Assert.Single(intents, intent => intent.Metadata["card_setup"] == setupId.ToString());
        Assert.Equal((works ? "canceled" : "requires_payment_method", 0L), (intent.Status, intent.AmountReceived));
        Assert.Equal(
            works ? 1 : 0,
            await db.Cards.CountAsync(card => card.AccountId == person.AccountId && card.State == CardState.Valid, Ct)
        );
        Assert.Equal(
            1,
            await db.AuditEntries.CountAsync(
                entry => entry.AccountId == person.AccountId && entry.Action == (works ? "AttachCard" : "RefuseCard"),
                Ct
            )
        );
        await Until.TrueAsync(
            async () =>
                (await sandbox.Stripe.V1.PaymentMethods.GetAsync(setup.PaymentMethodId, cancellationToken: Ct)).CustomerId is not null
                == works,
            Patience
        );
        using var client = await Server.NewClientAsync(person);
        var shown = (await client.PageAsync("/billing/card")).Body!.TextContent;
        Assert.Equal(works ? 1 : 0, shown.Split("•••• 4242").Length - 1);
        Assert.Contains(
            works ? "Card added" : "The card was refused",
            (await client.PageAsync($"/billing/card/return/{setupId}")).Title,
            StringComparison.Ordinal
        );
    }

    private Task<WorkerUnderFire> StartAsync() =>
        WorkerUnderFire.StartAsync(ConnectionString, ("Sandbox:Url", proxy.Endpoint), ("Trust:AccountsPerCard", "1000"));

    /// <summary>Somebody opens the card page and enters a card.</summary>
    private async Task<(Person Person, Guid Setup, string Number)> EnterAsync(string number)
    {
        var person = await Server.AddPersonAsync();
        await using var scope = Server.Services.CreateAsyncScope();
        var begun = await scope
            .ServiceProvider.GetRequiredService<AddCard>()
            .BeginAsync(
                new Actor(person.AccountId, person.UserId, person.Email, IPAddress.Loopback),
                Server.Address.GetLeftPart(UriPartial.Authority),
                "/billing",
                null,
                Ct
            );
        Assert.Null(begun.Reason);
        var session = begun.Value!.Segments[^1];
        var (goTo, page) = await sandbox.EnterCardAsync(session, number);
        Assert.True(goTo is not null, page);
        await using var db = CreateDbContext();
        return (person, (await db.CardSetups.SingleAsync(setup => setup.CheckoutSessionId == session, Ct)).Id, number);
    }

    /// <summary>Starts a worker and kills it as it makes such a call for the first time.</summary>
    private async Task KillAtAsync(Func<HttpRequest, bool> isCall, FaultPoint point, string name)
    {
        await HurryAsync();
        Task<WorkerUnderFire>? starting = null;
        var killed = proxy.KillAtFirst(isCall, point, async () => await (await starting!).KillAsync());
        starting = StartAsync();
        using var worker = await starting;
        await killed
            .WaitAsync(Patience, Ct)
            .ContinueWith(done => Assert.True(done.IsCompletedSuccessfully, $"No worker came to {name}."), TaskScheduler.Default);
        proxy.Interfere = (_, _) => Task.FromResult(Interference.None);
    }

    /// <summary>The worker lives, and one answer is lost.</summary>
    private async Task LoseAtAsync(Func<HttpRequest, bool> isCall, FaultPoint point, string name)
    {
        await HurryAsync();
        var (lost, once) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
        proxy.Interfere = (request, at) =>
        {
            if (at != point || !isCall(request) || Interlocked.Exchange(ref once, 1) != 0)
            {
                return Task.FromResult(Interference.None);
            }

            lost.SetResult();
            return Task.FromResult(Interference.HangUp);
        };
        using var worker = await StartAsync();
        await lost
            .Task.WaitAsync(Patience, Ct)
            .ContinueWith(done => Assert.True(done.IsCompletedSuccessfully, $"No worker came to {name}."), TaskScheduler.Default);
        await worker.KillAsync();
        proxy.Interfere = (_, _) => Task.FromResult(Interference.None);
    }

    /// <summary>
    /// The time at which an attempt of which nothing was heard is looked at is now. While no worker runs: it would change rows under its
    /// hands.
    /// </summary>
    private async Task HurryAsync()
    {
        await using var db = CreateDbContext();
        var now = TimeProvider.System.GetUtcNow();
        await db
            .CardSetups.Where(setup => setup.SettledAt == null && setup.CheckAt > now)
            .ExecuteUpdateAsync(set => set.SetProperty(setup => setup.CheckAt, now), Ct);
    }
}
