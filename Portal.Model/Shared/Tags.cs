namespace Portal.Model.Shared;

/// <summary>
/// Names and values that a customer hangs on a resource, within EC2's limits.
/// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
/// </summary>
public static class Tags
{
    public const int MaxCount = 50;
    public const int MaxKey = 128;
    public const int MaxValue = 256;

    public static Outcome Check(IReadOnlyDictionary<string, string> tags)
    {
        if (tags.Count > MaxCount)
        {
            return Refusal.Limit($"At most {MaxCount} tags are possible.");
        }

        return tags.Select(tag => Check(tag.Key, tag.Value)).FirstOrDefault(outcome => !outcome.IsDone);
    }

    public static Outcome Check(string key, string value) =>
        (key, value) switch
        {
            ({ Length: 0 or > MaxKey }, _) => Refusal.Invalid($"A tag's name has 1 to {MaxKey} characters."),
            (_, { Length: > MaxValue }) => Refusal.Invalid($"A tag's value has at most {MaxValue} characters."),
            _ when key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase) => Refusal.Invalid("Tags that begin with aws: are reserved."),
            _ when key.Trim().Length != key.Length || !PrintableText.Is(key) || !PrintableText.Is(value) => Refusal.Invalid(
                $"The tag “{key.Trim()}” holds a character that cannot be seen."
            ),
            _ => Outcome.Done,
        };
}
