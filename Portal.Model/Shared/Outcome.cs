namespace Portal.Model.Shared;

/// <summary>What came of a request: done, or refused.</summary>
public readonly record struct Outcome(Refusal? Refusal)
{
    public static Outcome Done { get; }

    public string? Reason => Refusal?.Sentence;

    public bool IsDone => Refusal is null;

    public static implicit operator Outcome(Refusal? refusal) => new(refusal);
}

/// <summary>As <see cref="Outcome"/>, with what was made.</summary>
public readonly record struct Outcome<T>(T? Value, Refusal? Refusal)
{
    public string? Reason => Refusal?.Sentence;

    public bool IsDone => Refusal is null;

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Refusal refusal) => new(default, refusal);

    public static implicit operator Outcome<T>(Outcome refused) =>
        refused.Refusal ?? throw new InvalidOperationException("A done outcome needs its value.");
}
