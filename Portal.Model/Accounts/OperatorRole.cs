namespace Portal.Model.Accounts;

/// <summary>
/// What an operator may do. Everybody among them may look; each of the others changes what is theirs, and an Admin everything.
/// </summary>
public enum OperatorRole
{
    /// <summary>Looks, and changes nothing.</summary>
    Support = 1,

    /// <summary>Customers' accounts and money.</summary>
    Billing = 2,

    /// <summary>Regions, images, object stores.</summary>
    Infrastructure = 3,

    /// <summary>All of it, and who the operators are.</summary>
    Admin = 4,
}

public static class OperatorRoles
{
    /// <summary>Whether somebody of this role may do what is for <paramref name="needed"/>.</summary>
    public static bool May(this OperatorRole role, OperatorRole needed) =>
        role is OperatorRole.Admin || role == needed || needed is OperatorRole.Support;
}
