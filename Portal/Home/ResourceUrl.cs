namespace Portal.Home;

/// <summary>Where a resource is looked at, by the form of its id.</summary>
public static class ResourceUrl
{
    public static string Of(string id) => id.StartsWith("i-", StringComparison.Ordinal) ? $"/instances/{id}" : $"/audit?resource={Uri.EscapeDataString(id)}";
}
