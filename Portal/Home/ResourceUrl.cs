namespace Portal.Home;

/// <summary>Where a resource is looked at, by the form of its id; what has no page of its own is looked at in the audit.</summary>
public static class ResourceUrl
{
    public static string Of(string id) =>
        id.Split('-', 2)[0] switch
        {
            "i" => $"/instances/{id}",
            "vol" => $"/volumes/{id}",
            "snap" => $"/snapshots/{id}",
            "vpc" => $"/networks/{id}",
            "sg" => $"/security-groups/{id}",
            _ => $"/audit?resource={Uri.EscapeDataString(id)}",
        };
}
