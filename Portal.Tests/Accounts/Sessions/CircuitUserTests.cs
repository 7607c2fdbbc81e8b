using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>Whose a circuit is, from its beginning on and whoever connects to it later. The host's part is played by the test.</summary>
[Trait("Needs", "database")]
public sealed class CircuitUserTests(OneServer one) : OneServerTests(one)
{
    [Fact]
    public async Task A_circuit_stays_with_the_session_that_it_began_with()
    {
        var (ada, bob) = (await SignedInAsync(), await SignedInAsync());
        await using var circuit = await BeginAsync(ada);
        Assert.Equal(ada.FindFirstValue(AccountClaims.Account), (await ActorAsync(circuit)).AccountId);
        Connect(circuit, ada);
        Assert.Equal(ada.FindFirstValue(AccountClaims.Account), (await ActorAsync(circuit)).AccountId);
        Connect(circuit, bob);
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => ActorAsync(circuit));
        Connect(circuit, ada);
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => ActorAsync(circuit));
    }

    [Fact]
    public async Task One_whose_session_has_ended_is_nobodys_however_often_it_is_connected_to()
    {
        var ada = await SignedInAsync();
        await using var circuit = await BeginAsync(ada);
        await RevokeAsync(ada);
        await Until.TrueAsync(async () => (await UserAsync(circuit)).Identity?.IsAuthenticated is not true);
        Connect(circuit, ada);
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => ActorAsync(circuit));
    }

    [Fact]
    public async Task One_that_begins_on_a_connection_from_before_the_revocation_is_nobodys_at_once()
    {
        var ada = await SignedInAsync();
        await RevokeAsync(ada);
        await using var circuit = await BeginAsync(ada);
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => ActorAsync(circuit));
    }

    [Fact]
    public async Task One_whose_session_is_over_is_nobodys()
    {
        var ada = await SignedInAsync();
        await using var circuit = await BeginAsync(ada);
        await ChangeAsync(ada, set => set.SetProperty(session => session.EndsAt, TimeProvider.System.GetUtcNow().AddMilliseconds(-1)));
        await Until.TrueAsync(async () => (await UserAsync(circuit)).Identity?.IsAuthenticated is not true);
    }

    /// <summary>A circuit sends no requests: else who works in an open page all day would be signed out as idle.</summary>
    [Fact]
    public async Task What_is_done_in_one_is_use_of_its_session()
    {
        var ada = await SignedInAsync();
        await using var circuit = await BeginAsync(ada);
        var before = TimeProvider.System.GetUtcNow().AddHours(-11);
        await ChangeAsync(ada, set => set.SetProperty(session => session.LastSeenAt, before));
        await ActorAsync(circuit);
        await using var db = CreateDbContext();
        await Until.TrueAsync(() => db.Sessions.AnyAsync(session => session.LastSeenAt > before.AddHours(10)));
    }

    /// <summary>
    /// Both began with the same cookie; one of them is a thief's, whose copy of it is worthless once the owner has another.
    /// </summary>
    [Fact]
    public async Task A_proof_counts_in_the_circuit_that_asked_for_it_and_in_no_other_of_the_session()
    {
        var person = await Server.AddPersonAsync();
        using var browser = await Server.NewClientAsync(person);
        var cookie = await CookieAsync(person);
        await using var owners = await BeginAsync(cookie);
        await using var thiefs = await BeginAsync(cookie);
        Assert.Equal((null, null), (await WhyNotProvenAsync(owners), await WhyNotProvenAsync(thiefs)));
        var longAgo = TimeProvider.System.GetUtcNow().AddMinutes(-16);
        await ChangeAsync(cookie, set => set.SetProperty(session => session.ProvenAt, longAgo));
        Assert.Equal(Credentials.NotProven, await WhyNotProvenAsync(owners));

        var (ticket, other) = (ProofReceipts.NewTicket(), ProofReceipts.NewTicket());
        var receipt = await ProveAsync(browser, ticket);
        Assert.Equal((Credentials.NotProven, Credentials.NotProven), (await WhyNotProvenAsync(owners), await WhyNotProvenAsync(thiefs)));
        Assert.False(await TakeAsync(thiefs, other, receipt));
        Assert.False(await TakeAsync(thiefs, other, other));
        await using var strangers = await BeginAsync(await SignedInAsync());
        Assert.False(await TakeAsync(strangers, ticket, receipt));
        Assert.True(await TakeAsync(owners, ticket, receipt));
        Assert.Equal((null, Credentials.NotProven), (await WhyNotProvenAsync(owners), await WhyNotProvenAsync(thiefs)));
        Assert.Equal(person.AccountId, (await ActorAsync(owners)).AccountId);
    }

    private static Task<bool> TakeAsync(AsyncServiceScope circuit, string ticket, string receipt) =>
        circuit.ServiceProvider.GetRequiredService<CurrentActor>().TakeProofAsync(ticket, receipt);

    /// <summary>As the dialog's script does.</summary>
    private static async Task<string> ProveAsync(FormClient browser, string ticket)
    {
        var token = (await browser.PageAsync("/settings")).QuerySelector("[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        using var form = new FormUrlEncodedContent([
            KeyValuePair.Create("__RequestVerificationToken", token),
            KeyValuePair.Create("ticket", ticket),
            KeyValuePair.Create("password", PortalServer.Password),
        ]);
        using var answer = await browser.Http.PostAsync(
            new Uri("/proof/check", UriKind.Relative),
            form,
            TestContext.Current.CancellationToken
        );
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private async Task<string?> WhyNotProvenAsync(AsyncServiceScope circuit)
    {
        await using var db = CreateDbContext();
        return await db.WhyNotProvenAsync(
            await ActorAsync(circuit),
            TimeProvider.System.GetUtcNow(),
            TestContext.Current.CancellationToken
        );
    }

    private static async Task<ClaimsPrincipal> UserAsync(AsyncServiceScope circuit) =>
        (await circuit.ServiceProvider.GetRequiredService<AuthenticationStateProvider>().GetAuthenticationStateAsync()).User;

    private static Task<Actor> ActorAsync(AsyncServiceScope circuit) =>
        circuit.ServiceProvider.GetRequiredService<CurrentActor>().GetAsync();

    /// <summary>As the host does with each request, and when a browser comes back to its circuit.</summary>
    private static void Connect(AsyncServiceScope circuit, ClaimsPrincipal user) =>
        (
            (IHostEnvironmentAuthenticationStateProvider)circuit.ServiceProvider.GetRequiredService<AuthenticationStateProvider>()
        ).SetAuthenticationState(Task.FromResult(new AuthenticationState(user)));

    private async Task<AsyncServiceScope> BeginAsync(ClaimsPrincipal user)
    {
        var circuit = Server.Services.CreateAsyncScope();
        Connect(circuit, user);
        foreach (var handler in circuit.ServiceProvider.GetServices<CircuitHandler>())
        {
            await handler.OnCircuitOpenedAsync(null!, TestContext.Current.CancellationToken);
        }

        return circuit;
    }

    /// <summary>Somebody with a session, as the cookie says it.</summary>
    private async Task<ClaimsPrincipal> SignedInAsync()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        return await CookieAsync(person);
    }

    private async Task<ClaimsPrincipal> CookieAsync(Person person)
    {
        await using var db = CreateDbContext();
        var session = await db.Sessions.SingleAsync(session => session.UserId == person.UserId);
        var user = await db.Users.SingleAsync(user => user.Id == person.UserId);
        return new ClaimsPrincipal(
            new ClaimsIdentity(
                [
                    new Claim(AccountClaims.Session, session.Id.ToString()),
                    new Claim(AccountClaims.Account, person.AccountId),
                    new Claim(ClaimTypes.NameIdentifier, person.UserId.ToString()),
                    new Claim(ClaimTypes.Email, person.Email),
                    new Claim("AspNet.Identity.SecurityStamp", user.SecurityStamp!),
                    .. new Proofs(session.ProvenAt, session.FactorAt).ToClaims(),
                ],
                "cookie"
            )
        );
    }

    private Task RevokeAsync(ClaimsPrincipal user) =>
        ChangeAsync(user, set => set.SetProperty(session => session.RevokedAt, (DateTimeOffset?)TimeProvider.System.GetUtcNow()));

    private async Task ChangeAsync(ClaimsPrincipal user, Action<Microsoft.EntityFrameworkCore.Query.UpdateSettersBuilder<Session>> change)
    {
        await using var db = CreateDbContext();
        var id = Guid.Parse(user.FindFirstValue(AccountClaims.Session)!);
        await db.Sessions.Where(session => session.Id == id).ExecuteUpdateAsync(change);
    }
}
