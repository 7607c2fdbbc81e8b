using System.Net;
using System.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Accounts;
using Portal.Billing;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Shared;
using Portal.Operators;
using Portal.Tests.Accounts;
using Portal.Tests.Shared;
using Portal.Worker.Billing;
using Stripe;

namespace Portal.Tests.Releases;

/// <content>Accounts, those who sign in to them, and what they pay with.</content>
internal sealed partial class Everything
{
    /// <summary>With a confirmed address, an authenticator app and a passkey.</summary>
    private async Task<NotedPerson> SignUpAsync(string email)
    {
        using var client = web.NewClient();
        await AcceptedAsync(client.SubmitAsync("/sign-up", ("Email", email), ("Password", PortalServer.Password)));
        var mail = await ReadAsync(db => db.Mails.SingleAsync(mail => mail.To == email, Ct));
        var link = mail.Text.Split('\n').First(line => line.StartsWith("http", StringComparison.Ordinal));
        await AcceptedAsync(client.SubmitAsync(new Uri(link).PathAndQuery, "Confirm address"));
        var key = await SecondFactor.TurnOnAsync(client, clock.Steps);
        await using var scope = web.Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var user = (await users.FindByEmailAsync(email))!;

        // A browser's attestation is a test of its own; what is kept of it is this.
        await users.AddOrUpdatePasskeyAsync(
            user,
            new UserPasskeyInfo(
                credentialId: Encoding.ASCII.GetBytes(email),
                publicKey: [1, 2, 3],
                createdAt: clock.GetUtcNow(),
                signCount: 0,
                transports: ["internal"],
                isUserVerified: true,
                isBackupEligible: false,
                isBackedUp: false,
                attestationObject: [4],
                clientDataJson: [5]
            )
            {
                Name = "Laptop",
            }
        );
        return new NotedPerson(user.AccountId, user.Id, email, PortalServer.Password, key, await users.CountRecoveryCodesAsync(user));
    }

    private async Task<NotedPerson> AddOperatorAsync(string email)
    {
        var person = await web.AddPersonAsync(isOperator: true, email: email);
        return new NotedPerson(person.AccountId, person.UserId, email, PortalServer.Password, person.FactorKey!, 0);
    }

    /// <summary>After a wrong password, which is counted.</summary>
    private async Task<Actor> SignInAsync(NotedPerson person)
    {
        using var client = web.NewClient();
        await AcceptedAsync(client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", "not it at all")));
        await SignInAsync(client, person, clock);
        var session = await ReadAsync(db =>
            db.Sessions.Where(session => session.UserId == person.UserId).OrderBy(session => session.CreatedAt).LastAsync(Ct)
        );
        return new Actor(person.AccountId, person.UserId, person.Email, IPAddress.Loopback)
        {
            SessionId = session.Id,
            ProvenAt = session.ProvenAt,
            FactorAt = session.FactorAt,
        };
    }

    public static async Task SignInAsync(FormClient client, NotedPerson person, TimeProvider clock)
    {
        await AcceptedAsync(client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", person.Password)));
        using var entered = await client.SubmitAsync(
            "/sign-in/second-factor",
            ("Code", Totp.CodeOf(person.FactorKey, Totp.StepOf(clock.GetUtcNow())))
        );
        if (entered.Headers.Location?.OriginalString.Contains("/sign-in", StringComparison.Ordinal) is not false)
        {
            throw new InvalidOperationException($"{person.Email} was not signed in: {entered.StatusCode} {entered.Headers.Location}");
        }
    }

    private async Task LoseAsync(Actor admin, NotedPerson person) =>
        Done(await Web<LostFactors>().AnnounceAsync(admin, person.AccountId, person.UserId, "showed a bill", Ct));

    /// <summary>One that works and one that is stolen, and an event of Stripe's.</summary>
    private async Task AddCardsAsync(Actor actor)
    {
        foreach (var number in (string[])["4242424242424242", "5555555555554444"])
        {
            var begun = Done(await Web<AddCard>().BeginAsync(actor, web.Address.ToString().TrimEnd('/'), "/instances/new", null, Ct));
            var session = begun.Segments[^1];
            await sandbox.EnterCardAsync(session, number);
            var setup = await ReadAsync(db => db.CardSetups.SingleAsync(setup => setup.CheckoutSessionId == session, Ct));
            await new CardSetupJob(
                asWorker,
                sandbox.Stripe,
                new CardAuthorization(sandbox.Stripe),
                new CardRetries(),
                Web<TrustLadder>(),
                clock,
                NullLogger<CardSetupJob>.Instance
            ).ApplyAsync(setup.Id, Ct);
        }

        await using (var db = asWorker.CreateDbContext())
        await using (var transaction = await db.Database.BeginTransactionAsync(Ct))
        {
            var stolen = await db.Cards.Where(card => !card.IsDefault).Select(card => card.Fingerprint).SingleAsync(Ct);
            await FraudFlags.FlagAsync(db, stolen, "Reported as stolen", clock.GetUtcNow(), Ct);
            await db.SaveChangesAsync(Ct);
            await transaction.CommitAsync(Ct);
        }

        const string Event =
            """{"id":"evt_1","object":"event","api_version":"2099-01-01","type":"wishlist.created","data":{"object":{"id":"x"}}}""";
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(web.Address, "/webhooks/stripe"))
        {
            Content = new StringContent(Event, Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation(
            "Stripe-Signature",
            EventUtility.GenerateSignatureHeader(Event, WebhookSecret, clock.GetUtcNow().ToUnixTimeSeconds())
        );
        await AcceptedAsync(http.SendAsync(request, Ct));
    }

    /// <summary>Somebody who comes near to the limit, is told so, and is suspended.</summary>
    private async Task AddSpenderAsync(Actor admin)
    {
        var spender = await web.AddPersonAsync(email: "spender@example.com");
        await using (var db = owner.CreateDbContext())
        {
            var account = await db.Accounts.SingleAsync(account => account.Id == spender.AccountId, Ct);
            var price = await db
                .Prices.Where(price => price.Sku == Skus.Address)
                .OrderBy(price => price.From)
                .Select(price => price.PerHour)
                .FirstAsync(Ct);
            var (from, to) = (clock.GetUtcNow().AddHours(-1), clock.GetUtcNow());
            db.UsageSpans.Add(
                new UsageSpan
                {
                    AccountId = account.Id,
                    ResourceId = ResourceIds.New("eip"),
                    ResourceName = "many addresses",
                    Sku = Skus.Address,
                    Quantity = decimal.Round(account.UnpaidLimit * 0.9m / price, 2),
                    From = from,
                    To = to,
                }
            );
            await db.SaveChangesAsync(Ct);
        }

        var patrol = new TrustPatrol(asWorker, new PriceList(asWorker, clock), clock);
        await new TrustSweep(asWorker, patrol, new ConfigurationBuilder().Build(), clock, NullLogger<TrustSweep>.Instance).SweepAsync(Ct);
        Done(await Web<CustomerAccounts>().SuspendAsync(admin, spender.AccountId, SuspensionReason.Fraud, "three stolen cards", Ct));
        names["/operator/accounts"] = spender.Email;
        names[$"/operator/accounts/{spender.AccountId}"] = spender.AccountId;
    }
}
