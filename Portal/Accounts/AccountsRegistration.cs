using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.Identity;
using Portal.Accounts.Settings;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

public static class AccountsRegistration
{
    public static IServiceCollection AddAccounts(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        if (!environment.IsDevelopment() && !Uri.TryCreate(configuration["Portal:Url"], UriKind.Absolute, out _))
        {
            throw new InvalidOperationException("Portal__Url is not set: the links in mails begin with it, e.g. https://portal.example.com.");
        }

        services.AddCascadingAuthenticationState();
        services.AddScoped<CurrentActor>();
        services.AddSingleton<SessionCookie>().AddSingleton<SessionWatch>().AddHostedService(provider => provider.GetRequiredService<SessionWatch>())
            .AddScoped<CircuitUser>().AddScoped<AuthenticationStateProvider>(provider => provider.GetRequiredService<CircuitUser>()).AddScoped<CircuitHandler, CircuitBeginning>();
        // Before Identity's own registration, which would be one per request.
        services.AddSingleton<ILookupNormalizer, UpperInvariantLookupNormalizer>();
        services.AddSingleton<Throttles>().AddSingleton<Guesses>().AddSingleton<AttemptLimits>().AddScoped<EvenAnswer>().AddScoped<KnownDevices>();
        services.AddScoped<NewAccount>().AddScoped<SignUp>().AddScoped<PasswordCheck>().AddScoped<AccountMails>().AddScoped<ConfirmEmail>().AddScoped<ResetPassword>()
            .AddScoped<SessionList>().AddScoped<FreshProof>().AddScoped<OwnAccount>().AddScoped<Passkeys>();
        services.AddIdentityOfPortal(configuration);
        services.AddSecureCookies(environment);

        // Whatever says nothing of itself is for signed-in people.
        var authorization = services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        foreach (var (name, role) in Policies.Roles)
        {
            authorization.AddPolicy(name, policy => policy.RequireAssertion(context => Policies.Is(context.User, role)));
        }

        authorization.AddPolicy(Policies.Enrolling, policy => policy.RequireAssertion(context => Policies.IsEnrolling(context.User) || Policies.Is(context.User, OperatorRole.Support)));
        services.AddRateLimiter(options => AttemptLimits.Configure(options, configuration));
        return services;
    }

    public static void MapAccounts(this WebApplication app)
    {
        app.MapPost("/sign-out", SignOutEndpoint.RunAsync).RequireValidForm().AllowAnonymous();
        app.MapPost("/confirm-email/resend", (ConfirmEmail confirmation, HttpContext http, AttemptLimits limits) => confirmation.ResendAsync(http, limits)).RequireValidForm();
        app.MapSettings();
    }

    /// <summary>Never over plain HTTP; a laptop has nothing else.</summary>
    private static void AddSecureCookies(this IServiceCollection services, IHostEnvironment environment)
    {
        var policy = environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
        services.ConfigureAll<CookieAuthenticationOptions>(cookie => cookie.Cookie.SecurePolicy = policy);
        services.AddAntiforgery(antiforgery => antiforgery.Cookie.SecurePolicy = policy);
    }

    private static void AddIdentityOfPortal(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddAuthentication(options => options.DefaultScheme = IdentityConstants.ApplicationScheme).AddIdentityCookies();
        services.AddIdentityCore<User>(options =>
            {
                Passwords.Configure(options.Password);

                // Whoever knows an address could lock its owner out: Guesses slows who guesses instead.
                (options.Lockout.AllowedForNewUsers, options.Lockout.MaxFailedAccessAttempts) = (false, int.MaxValue);
            })
            .AddEntityFrameworkStores<PortalDb>()
            .AddSignInManager<PortalSignIn>()
            .AddClaimsPrincipalFactory<PortalClaims>()
            .AddDefaultTokenProviders()
            .AddTokenProvider<AuthenticatorCodes>(TokenOptions.DefaultAuthenticatorProvider);
        services.Configure<IdentityPasskeyOptions>(passkeys =>
        {
            // A passkey stands for the password and the second factor, so it has to know its owner by itself and see him.
            (passkeys.ResidentKeyRequirement, passkeys.UserVerificationRequirement) = ("required", "required");
            passkeys.ServerDomain = configuration["Portal:PasskeyDomain"];
        });
        services.AddScoped(provider => (PortalSignIn)provider.GetRequiredService<SignInManager<User>>());
        services.ConfigureApplicationCookie(cookie =>
        {
            cookie.Cookie.Name = "portal";
            (cookie.LoginPath, cookie.ReturnUrlParameter) = ("/sign-in", "returnUrl");

            // Each sign-in sets its own end, which nothing moves.
            (cookie.ExpireTimeSpan, cookie.SlidingExpiration) = (Session.KeptFor, false);
            cookie.Events.OnValidatePrincipal = SessionCookie.ValidateAsync;

            // Who may not see a page does not learn that there is one.
            cookie.Events.OnRedirectToAccessDenied = context =>
            {
                // An operator without a second factor sees the one page by which to have one.
                if (Policies.IsEnrolling(context.HttpContext.User) && context.Request.Path.StartsWithSegments("/operator", StringComparison.OrdinalIgnoreCase))
                {
                    context.Response.Redirect("/operator/enrol");
                    return Task.CompletedTask;
                }

                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            };
        });
    }
}
