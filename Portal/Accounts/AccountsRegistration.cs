using Microsoft.AspNetCore.Identity;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Accounts;

public static class AccountsRegistration
{
    public static IServiceCollection AddAccounts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddCascadingAuthenticationState();
        services.AddScoped<CurrentActor>();
        services.AddAuthentication(options => options.DefaultScheme = IdentityConstants.ApplicationScheme).AddIdentityCookies();
        services.AddIdentityCore<User>(options => options.Stores.SchemaVersion = IdentitySchemaVersions.Version3)
            .AddEntityFrameworkStores<PortalDb>()
            .AddSignInManager()
            .AddDefaultTokenProviders();
        services.AddAuthorizationBuilder()
            .AddPolicy(Policies.Operator, policy => policy.RequireClaim(AccountClaims.Operator));
        services.AddRateLimiter(_ => { });
        return services;
    }

    public static void MapAccounts(this WebApplication app)
    {
    }
}
