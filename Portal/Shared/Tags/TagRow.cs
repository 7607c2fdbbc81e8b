namespace Portal.Shared;

/// <summary>A tag as it is being edited.</summary>
public sealed class TagRow
{
    public string Key { get; set; } = "";

    public string Value { get; set; } = "";

    /// <summary>Rows without a name are left out; of two with one name the later holds.</summary>
    public static Dictionary<string, string> ToTags(IEnumerable<TagRow> rows)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var row in rows.Where(row => row.Key.Trim().Length > 0))
        {
            tags[row.Key.Trim()] = row.Value.Trim();
        }

        return tags;
    }

    public static List<TagRow> From(IReadOnlyDictionary<string, string> tags) =>
        [.. tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => new TagRow { Key = tag.Key, Value = tag.Value })];
}
