using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace Portal.Accounts;

/// <summary>
/// Whose a request or a circuit is. A circuit outlives the request that authorized it: it is of the session that it began with until that
/// stands no more, and nobody's from then on, whoever connects to it again.
/// </summary>
internal sealed class CircuitUser(SessionWatch sessions)
    : AuthenticationStateProvider,
        IHostEnvironmentAuthenticationStateProvider,
        IDisposable
{
    private static readonly Task<AuthenticationState> Nobody = Task.FromResult(
        new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity()))
    );

    private readonly Lock gate = new();
    private Task<AuthenticationState>? state;
    private IDisposable? watching;
    private string? session;
    private bool isCircuit;
    private bool isGone;

    public override Task<AuthenticationState> GetAuthenticationStateAsync() =>
        state ?? throw new InvalidOperationException("The host has not said yet who the user is.");

    /// <summary>
    /// By the host: at the beginning, and whenever a browser connects to the circuit again, with whatever it is signed in as then.
    /// </summary>
    public void SetAuthenticationState(Task<AuthenticationState> authenticationStateTask)
    {
        if (
            isCircuit
            && authenticationStateTask is { IsCompletedSuccessfully: true, Result.User: var user }
            && user.FindFirstValue(AccountClaims.Session) == session
        )
        {
            return;
        }

        Become(isCircuit ? Nobody : authenticationStateTask);
    }

    public async Task BeginCircuitAsync()
    {
        var user = (await GetAuthenticationStateAsync()).User;
        (session, isCircuit) = (user.FindFirstValue(AccountClaims.Session), true);
        if (session is null)
        {
            return;
        }

        var begun = await sessions.WatchAsync(
            user,
            () =>
            {
                Become(Nobody);
                return Task.CompletedTask;
            }
        );
        lock (gate)
        {
            watching = begun;
        }

        if (isGone)
        {
            begun.Dispose();
        }
    }

    /// <summary>Nobody is told: who the user is has not changed.</summary>
    public void TakeProof(Proofs proofs)
    {
        lock (gate)
        {
            if (state is { IsCompletedSuccessfully: true, Result.User: { Identity: ClaimsIdentity identity } user })
            {
                // Another one, as the one before may be read just now.
                var proven = identity.Clone();
                proofs.Write(proven);
                state = Task.FromResult(new AuthenticationState(new ClaimsPrincipal([proven, .. user.Identities.Skip(1)])));
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            isGone = true;
            watching?.Dispose();
        }
    }

    private void Become(Task<AuthenticationState> now)
    {
        lock (gate)
        {
            state = now;
        }

        NotifyAuthenticationStateChanged(now);
    }
}

/// <summary>
/// Tells the circuit's user that it has begun, and looks at no event: what waits in
/// <see cref="CircuitHandler.CreateInboundActivityHandler"/> is overtaken by the events behind it and by the browser's receipts, and then a
/// field's change comes after the form's submit, or to a handler that is gone ("There is no event handler associated with this event").
/// </summary>
internal sealed class CircuitBeginning(CircuitUser user) : CircuitHandler
{
    public override Task OnCircuitOpenedAsync(Circuit circuit, CancellationToken cancellationToken) => user.BeginCircuitAsync();
}
