namespace Portal.Accounts;

/// <summary>Portal's own claims in the sign-in cookie.</summary>
public static class AccountClaims
{
    public const string Account = "account";
    public const string Session = "session";
    public const string Operator = "operator";
}
