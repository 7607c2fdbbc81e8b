using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// A circuit outlives the request that authorized it. This one hears of a change of its session or user and, if the session stands no
/// more, makes the circuit's user anonymous, which sends every page to the sign-in. In between, each event is let through only on a
/// standing that was checked a moment ago, so that nothing rests on the notification alone.
/// </summary>
internal sealed class SessionCircuit(AuthenticationStateProvider authentication, SessionCookie sessions, Changes changes, TimeProvider clock)
    : CircuitHandler, IDisposable
{
    private static readonly TimeSpan Trust = TimeSpan.FromSeconds(2);
    private static readonly Task<AuthenticationState> Nobody = Task.FromResult(new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity())));

    private IDisposable? subscription;
    private long checkedAt;

    public override async Task OnCircuitOpenedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        var user = await UserAsync();
        var (session, id) = (user.FindFirstValue(AccountClaims.Session), user.FindFirstValue(ClaimTypes.NameIdentifier));
        if (session is not null)
        {
            checkedAt = clock.GetTimestamp();
            subscription = changes.Subscribe(change => change is { Table: "Sessions" or "Users" } && (change.Id == session || change.Id == id), _ => CheckAsync());
        }
    }

    public override Func<CircuitInboundActivityContext, Task> CreateInboundActivityHandler(Func<CircuitInboundActivityContext, Task> next) => async activity =>
    {
        if (subscription is not null && clock.GetElapsedTime(checkedAt) > Trust)
        {
            await CheckAsync();
        }

        await next(activity);
    };

    public void Dispose() => subscription?.Dispose();

    private async Task<ClaimsPrincipal> UserAsync() => (await authentication.GetAuthenticationStateAsync()).User;

    private async Task CheckAsync()
    {
        var user = await UserAsync();
        if (user.Identity?.IsAuthenticated is not true)
        {
            return;
        }

        var standing = await sessions.StandingAsync(user, CancellationToken.None);
        if (standing is null || (user.HasClaim(claim => claim.Type == AccountClaims.Operator) && !standing.IsOperator))
        {
            ((IHostEnvironmentAuthenticationStateProvider)authentication).SetAuthenticationState(Nobody);
        }

        checkedAt = clock.GetTimestamp();
    }
}
