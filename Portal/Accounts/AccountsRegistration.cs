using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.Identity;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

public static class AccountsRegistration
{
    public static IServiceCollection AddAccounts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(TrustLadder.From(configuration));
        services.AddCascadingAuthenticationState();
        services.AddScoped<CurrentActor>();
        services
            .AddSingleton<SessionCookie>()
            .AddSingleton<SessionWatch>()
            .AddSingleton<ProofReceipts>()
            .AddHostedService(provider => provider.GetRequiredService<SessionWatch>())
            .AddScoped<CircuitUser>()
            .AddScoped<AuthenticationStateProvider>(provider => provider.GetRequiredService<CircuitUser>())
            .AddScoped<CircuitHandler, CircuitBeginning>();
        // Before Identity's own registration, which would be one per request.
        services.AddSingleton<ILookupNormalizer, MailboxNames>();
        services
            .AddSingleton<Throttles>()
            .AddSingleton<Guesses>()
            .AddSingleton<AttemptLimits>()
            .AddSingleton<SecurityEvents>()
            .AddScoped<EvenAnswer>()
            .AddScoped<KnownDevices>()
            .AddScoped<ChangeAddress>();
        services
            .AddScoped<NewAccount>()
            .AddSingleton<SignUpTurns>()
            .AddScoped<SignUp>()
            .AddScoped<PasswordCheck>()
            .AddScoped<AccountMails>()
            .AddScoped<ConfirmEmail>()
            .AddScoped<ResetPassword>()
            .AddScoped<UndoChange>()
            .AddScoped<LostFactor>()
            .AddScoped<SessionList>()
            .AddScoped<FreshProof>()
            .AddScoped<OwnAccount>()
            .AddScoped<Passkeys>();
        services.AddIdentityOfPortal(configuration);
        services.AddHostCookies();

        // Whatever says nothing of itself is for signed-in people.
        var authorization = services
            .AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        foreach (var (name, role) in Policies.Roles)
        {
            authorization.AddPolicy(name, policy => policy.RequireAssertion(context => Policies.Is(context.User, role)));
        }

        authorization.AddPolicy(
            Policies.Enrolling,
            policy =>
                policy.RequireAssertion(context => Policies.IsEnrolling(context.User) || Policies.Is(context.User, OperatorRole.Support))
        );
        services.AddRateLimiter(options => AttemptLimits.Configure(options, configuration));
        return services;
    }

    public static void MapAccounts(this WebApplication app)
    {
        app.MapPost("/sign-out", SignOutEndpoint.RunAsync).RequireValidForm().AllowAnonymous();
        app.MapPost(
                "/confirm-email/resend",
                (ConfirmEmail confirmation, HttpContext http, AttemptLimits limits) => confirmation.ResendAsync(http, limits)
            )
            .RequireValidForm();
        app.MapSettings();
    }

    private static void AddIdentityOfPortal(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddAuthentication(options => options.DefaultScheme = IdentityConstants.ApplicationScheme).AddIdentityCookies();
        services
            .AddIdentityCore<User>(options =>
            {
                Passwords.Configure(options.Password);

                // Whoever knows an address could lock its owner out: Guesses slows who guesses instead.
                (options.Lockout.AllowedForNewUsers, options.Lockout.MaxFailedAccessAttempts) = (false, int.MaxValue);
            })
            .AddEntityFrameworkStores<PortalDb>()
            .AddPasswordValidator<PasswordRule>()
            .AddUserStore<PortalUsers>()
            .AddSignInManager<PortalSignIn>()
            .AddClaimsPrincipalFactory<PortalClaims>()
            .AddDefaultTokenProviders()
            .AddTokenProvider<AuthenticatorCodes>(TokenOptions.DefaultAuthenticatorProvider);
        // Who has an older hash gets a new one at the next sign-in.
        services.Configure<PasswordHasherOptions>(hashing => hashing.IterationCount = Passwords.HashingRounds);
        services.Configure<IdentityPasskeyOptions>(passkeys =>
        {
            // A passkey stands for the password and the second factor, so it has to know its owner by itself and see him.
            (passkeys.ResidentKeyRequirement, passkeys.UserVerificationRequirement) = ("required", "required");
            passkeys.ServerDomain = configuration["Portal:PasskeyDomain"];
        });
        services.Configure<CookieAuthenticationOptions>(IdentityConstants.TwoFactorUserIdScheme, WaitingSignIn.Configure);
        services.AddScoped(provider => (PortalSignIn)provider.GetRequiredService<SignInManager<User>>());
        services.ConfigureApplicationCookie(cookie =>
        {
            (cookie.LoginPath, cookie.ReturnUrlParameter) = ("/sign-in", "returnUrl");

            // Each sign-in sets its own end, which nothing moves.
            (cookie.ExpireTimeSpan, cookie.SlidingExpiration) = (Session.KeptFor, false);
            cookie.Events.OnSigningOut = context =>
            {
                // Pages that could be gone back to, and drafts. Not "cookies": that would be those of the whole domain, and ours goes by
                // name.
                context.Response.Headers["Clear-Site-Data"] = "\"cache\", \"storage\"";
                return Task.CompletedTask;
            };
            cookie.Events.OnValidatePrincipal = SessionCookie.ValidateAsync;

            // Who may not see a page does not learn that there is one.
            cookie.Events.OnRedirectToAccessDenied = async context =>
            {
                var http = context.HttpContext;

                // An operator without a second factor sees the one page by which to have one.
                if (
                    Policies.IsEnrolling(http.User)
                    && context.Request.Path.StartsWithSegments("/operator", StringComparison.OrdinalIgnoreCase)
                )
                {
                    context.Response.Redirect("/operator/enrol");
                    return;
                }

                context.Response.StatusCode = StatusCodes.Status404NotFound;
                await http
                    .RequestServices.GetRequiredService<SecurityEvents>()
                    .NoteAsync(
                        CurrentActor.Of(http.User, http.Connection.RemoteIpAddress),
                        SecurityEvent.AccessDenied,
                        http.RequestAborted,
                        http.Request.Path
                    );
            };
        });
    }
}
