namespace Portal.Accounts;

/// <summary>Portal's own claims in the sign-in cookie.</summary>
public static class AccountClaims
{
    public const string Account = "account";
    public const string Session = "session";

    /// <summary>
    /// When the cookie's owner had last proved to be it, in microseconds: a later proof brings another cookie, and the one before is worth
    /// nothing.
    /// </summary>
    public const string Proven = "proven";

    /// <summary>The same of a code or a passkey; not there if none was given by who has this cookie.</summary>
    public const string Factor = "proven-factor";

    /// <summary>
    /// The <see cref="Portal.Model.Accounts.OperatorRole"/>. Not kept in the cookie: read from the database at every request.
    /// </summary>
    public const string Operator = "operator";

    /// <summary>The same of one who has shown no second factor in this session: all that it opens is the page to set one up.</summary>
    public const string Enrolling = "operator-enrolling";
}
