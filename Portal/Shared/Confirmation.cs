namespace Portal.Shared;

/// <param name="Word">What must be typed, e.g. the name of what is destroyed; null if a click is enough.</param>
public sealed record Confirmation(string Title, string Text, string Verb, string? Word);
