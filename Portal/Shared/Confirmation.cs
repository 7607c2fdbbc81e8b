namespace Portal.Shared;

/// <param name="Word">What must be typed, e.g. the name of what is destroyed; null if a click is enough.</param>
public sealed record Confirmation(string Title, string Text, string Verb, string? Word)
{
    /// <summary>For several, whose number is to be typed.</summary>
    public static Confirmation ToDelete(int count, string one, string text)
    {
        var what = Format.Count(count, one);
        return new Confirmation($"Delete {what}?", text, $"Delete {what}", $"delete {count}");
    }
}
