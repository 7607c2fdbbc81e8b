using System.Security.Claims;
using Portal.Model.Accounts;

namespace Portal.Accounts;

/// <summary>Names of the authorization policies.</summary>
public static class Policies
{
    /// <summary>Any operator: what is only looked at.</summary>
    public const string Operator = "operator";

    /// <summary>Any operator, with or without a second factor: the page to set one up.</summary>
    public const string Enrolling = "operator-enrolling";
    public const string Billing = "operator-billing";
    public const string Infrastructure = "operator-infrastructure";
    public const string Admin = "operator-admin";

    internal static readonly IReadOnlyDictionary<string, OperatorRole> Roles = new Dictionary<string, OperatorRole>(StringComparer.Ordinal)
    {
        [Operator] = OperatorRole.Support,
        [Billing] = OperatorRole.Billing,
        [Infrastructure] = OperatorRole.Infrastructure,
        [Admin] = OperatorRole.Admin,
    };

    public static bool IsEnrolling(ClaimsPrincipal user) => user.HasClaim(claim => claim.Type is AccountClaims.Enrolling);

    public static bool Is(ClaimsPrincipal user, OperatorRole needed) =>
        Enum.TryParse<OperatorRole>(user.FindFirstValue(AccountClaims.Operator), out var role) && role.May(needed);
}
