using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Portal.Model.Accounts;

namespace Portal.Accounts;

/// <summary>Who acts: from the request, or in a circuit from its authentication state. Throws when nobody is signed in.</summary>
public sealed class CurrentActor(
    AuthenticationStateProvider authentication,
    IHttpContextAccessor http,
    SessionWatch sessions,
    ProofReceipts receipts,
    SecurityEvents events
)
{
    // The circuit's connection has no HttpContext later on; what it began with stays true for its life.
    private readonly IPAddress? from = http.HttpContext?.Connection.RemoteIpAddress;

    public async Task<Actor> GetAsync() => Of(await UserAsync(), from);

    /// <summary>The same for what only operators may do; throws for anybody else, whatever page the call came from.</summary>
    /// <param name="needed">Of whom it is. The verbs ask the database again.</param>
    public async Task<Actor> GetOperatorAsync(OperatorRole needed = OperatorRole.Support)
    {
        var user = await UserAsync();
        if (Policies.Is(user, needed))
        {
            return Of(user, from);
        }

        await events.NoteAsync(Of(user, from), SecurityEvent.AccessDenied, CancellationToken.None);
        throw new UnauthorizedAccessException("Not an operator.");
    }

    /// <summary>
    /// In a circuit: its person has proved to be the owner by a request of the browser's. Other circuits of the session have no part in it.
    /// </summary>
    /// <returns>False if the receipt is not for this ticket.</returns>
    public async Task<bool> TakeProofAsync(string ticket, string? receipt)
    {
        var user = (await authentication.GetAuthenticationStateAsync()).User;
        if (authentication is not CircuitUser circuit || receipts.Read(receipt, ticket, user) is not { } proofs)
        {
            return false;
        }

        circuit.TakeProof(proofs);
        return true;
    }

    private async Task<ClaimsPrincipal> UserAsync()
    {
        var user = (await authentication.GetAuthenticationStateAsync()).User;
        sessions.Saw(user);
        return user;
    }

    public static Actor Of(ClaimsPrincipal user, IPAddress? from)
    {
        var proofs = Proofs.Of(user);
        return new(
            user.FindFirstValue(AccountClaims.Account) ?? throw new UnauthorizedAccessException("Nobody is signed in."),
            Guid.Parse(user.FindFirstValue(ClaimTypes.NameIdentifier)!),
            user.FindFirstValue(ClaimTypes.Email) ?? user.Identity!.Name!,
            from
        )
        {
            SessionId = SessionCookie.SessionOf(user),
            ProvenAt = proofs.ProvenAt,
            FactorAt = proofs.FactorAt,
        };
    }
}
