using Portal.Model.Billing;
using Portal.Sandbox.Billing;
using Portal.Tests.Shared;
using Stripe;

namespace Portal.Tests.Billing;

/// <summary>Stripe fails before and after its effect at each call of the job, and the job is run again from there.</summary>
[Trait("Needs", "database")]
public sealed class CardSetupFaultTests(TestPostgres postgres) : CardScene(postgres)
{
    public static TheoryData<string, string, FaultTime, bool, string> Faults()
    {
        var data = new TheoryData<string, string, FaultTime, bool, string>();
        foreach (var number in (string[])["4242424242424242", "4000000000000341"])
        {
            foreach (
                var (method, path) in ((string, string)[])
                    [
                        ("GET", "/v1/checkout/sessions/"),
                        ("POST", "/v1/payment_intents"),
                        ("POST", "/v1/payment_intents/pi_"),
                        ("GET", "/v1/payment_intents"),
                        ("POST", "/v1/payment_methods/"),
                    ]
            )
            {
                foreach (var when in (FaultTime[])[FaultTime.Before, FaultTime.After])
                {
                    data.Add(method, path, when, when is FaultTime.After, number);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_call_that_fails_is_made_good_by_the_next_run(string method, string path, FaultTime when, bool aborts, string number)
    {
        var setup = await EnterAsync(number);
        Sandbox.Fail(new Fault(method, path, Count: 2, When: when, Aborts: aborts));
        for (var run = 0; run < 6; run++)
        {
            await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
            await DetachOrFailAsync();
        }

        // Not every card comes to every call.
        Sandbox.FailNothing();
        await AssertEndAsync(setup, number);
    }

    [Theory]
    [InlineData("4242424242424242")]
    [InlineData("4000000000000341")]
    public async Task A_killed_run_is_continued_from_every_point_where_it_had_saved(string number)
    {
        // The job saves before and after each call: stopping it at the n-th write leaves every state it can leave.
        for (var stopAt = 1; stopAt <= 8; stopAt++)
        {
            var setup = await EnterAsync(number);
            var killed = new KilledAtSave(ConnectionString, stopAt);
            await Record.ExceptionAsync(() => SetupJob(killed).ApplyAsync(setup.Id, CancellationToken.None));
            await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
            await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
            Assert.Equal(
                number is "4242424242424242" ? CardSetupState.Succeeded : CardSetupState.Refused,
                (await ReloadAsync(setup)).State
            );
            Assert.Single(await IntentsAsync(), intent => intent.Metadata["card_setup"] == setup.Id.ToString());
            Assert.Equal(number is "4242424242424242" ? 1 : 0, (await ValidCardsAsync()).Count);
        }
    }

    [Fact]
    public async Task An_authorization_whose_answer_was_lost_is_found_again_after_its_key_is_forgotten()
    {
        var setup = await EnterAsync("4242424242424242");
        Sandbox.Fail(new Fault("POST", "/v1/payment_intents", When: FaultTime.After));
        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
        Assert.Equal(
            (CardSetupState.Verifying, null),
            (await ReloadAsync(setup)) is var stuck ? (stuck.State, stuck.PaymentIntentId) : default
        );
        Clock.Advance(TimeSpan.FromHours(30));
        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
        await AssertEndAsync(setup, "4242424242424242");
    }

    [Fact]
    public async Task A_failure_that_passes_is_tried_again_in_seconds_and_then_more_and_more_rarely()
    {
        var setup = await EnterAsync("4242424242424242");
        Sandbox.Fail(new Fault("GET", "/v1/checkout/sessions/", Count: 1000));
        foreach (var seconds in (int[])[2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
        {
            await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
            Assert.Equal(Clock.GetUtcNow() + TimeSpan.FromSeconds(seconds), (await ReloadAsync(setup)).CheckAt);
        }

        Sandbox.FailNothing();
        await SetupJob().ApplyAsync(setup.Id, CancellationToken.None);
        await AssertEndAsync(setup, "4242424242424242");
    }

    private async Task AssertEndAsync(CardSetup setup, string number)
    {
        setup = await ReloadAsync(setup);
        var works = number is "4242424242424242";
        Assert.Equal(works ? CardSetupState.Succeeded : CardSetupState.Refused, setup.State);
        var intent = Assert.Single(await IntentsAsync());
        Assert.Equal(works ? "canceled" : "requires_payment_method", intent.Status);
        Assert.Equal(works ? 1 : 0, (await ValidCardsAsync()).Count);
        Assert.Single(await AuditAsync(), action => action == (works ? "AttachCard" : "RefuseCard"));
        Assert.Equal(works, (await Stripe.V1.PaymentMethods.GetAsync(setup.PaymentMethodId)).CustomerId is not null);
    }

    private async Task DetachOrFailAsync()
    {
        try
        {
            await DetachAsync();
        }
        catch (Exception error) when (error is StripeException or HttpRequestException)
        {
            // The fault of this test; the sweep comes back.
        }
    }
}
