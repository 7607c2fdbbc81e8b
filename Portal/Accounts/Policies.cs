namespace Portal.Accounts;

/// <summary>Names of the authorization policies.</summary>
public static class Policies
{
    public const string Operator = "operator";
}
