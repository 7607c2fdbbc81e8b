using System.Globalization;

namespace Portal.Model.Shared;

/// <summary>What a customer may call a resource.</summary>
public static class ResourceName
{
    public const int MaxLength = 255;

    /// <summary>The name of one of several made together: <c>web-1</c> … <c>web-5</c>; alone it keeps the name as it is.</summary>
    public static string Of(string name, int index, int count) =>
        count == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{index + 1}");

    /// <summary>
    /// As much of the beginning as has room, in whole characters as people see them: some consist of several, of which none makes sense
    /// alone.
    /// </summary>
    public static string Cut(string name, int room)
    {
        var end = 0;
        while (end < name.Length && StringInfo.GetNextTextElementLength(name.AsSpan(end)) is var next && end + next <= room)
        {
            end += next;
        }

        return name[..end].TrimEnd();
    }

    public static Outcome Check(string? name)
    {
        var text = (name ?? "").Trim();
        return text switch
        {
            "" => Refusal.Invalid("Give it a name."),
            { Length: > MaxLength } => Refusal.Invalid($"A name has at most {MaxLength} characters; this one has {text.Length}."),
            _ when !PrintableText.Is(text) => Refusal.Invalid(
                "The name holds a character that cannot be seen; letters, digits, spaces and signs are fine."
            ),
            _ => Outcome.Done,
        };
    }
}
