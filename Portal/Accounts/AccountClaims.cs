namespace Portal.Accounts;

/// <summary>Portal's own claims in the sign-in cookie.</summary>
public static class AccountClaims
{
    public const string Account = "account";
    public const string Session = "session";

    /// <summary>Not kept in the cookie: read from the database at every request.</summary>
    public const string Operator = "operator";
}
