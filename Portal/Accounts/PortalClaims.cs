using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Portal.Model.Accounts;

namespace Portal.Accounts;

/// <summary>What the sign-in cookie says of a person. Addresses and rights may change while it lives, so it says little.</summary>
internal sealed class PortalClaims : IUserClaimsPrincipalFactory<User>
{
    public Task<ClaimsPrincipal> CreateAsync(User user) =>
        Task.FromResult(
            new ClaimsPrincipal(
                new ClaimsIdentity(
                    [
                        new(ClaimTypes.NameIdentifier, user.Id.ToString()),
                        new(ClaimTypes.Name, MailDomain.Shown(user.Email!)),
                        new(ClaimTypes.Email, user.Email!),
                        new(AccountClaims.Account, user.AccountId),
                        new("AspNet.Identity.SecurityStamp", user.SecurityStamp!),
                    ],
                    IdentityConstants.ApplicationScheme
                )
            )
        );
}
