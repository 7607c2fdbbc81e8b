namespace Portal.Shared;

/// <param name="Initial">What stands there already.</param>
public sealed record NameQuestion(string Title, string Label, string Initial, string Verb)
{
    public string? Hint { get; init; }

    public bool MayBeEmpty { get; init; }

    /// <summary>What is wrong with an answer; null if nothing is.</summary>
    public Func<string, string?>? Check { get; init; }
}
