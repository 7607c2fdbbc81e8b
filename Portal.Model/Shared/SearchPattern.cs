namespace Portal.Model.Shared;

/// <summary>What somebody typed, as a pattern of SQL's ILIKE with a backslash as its escape character.</summary>
public static class SearchPattern
{
    public const string Escape = "\\";

    public static string Containing(string text) =>
        $"%{text.Trim().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
}
