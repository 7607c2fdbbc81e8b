namespace Portal.Model.Shared;

/// <summary>What came of a request: done, or refused with a sentence that a customer can read.</summary>
public readonly record struct Outcome(string? Reason)
{
    public static Outcome Done { get; }

    public static Outcome Refused(string reason) => new(reason);

    public bool IsDone => Reason is null;
}

/// <summary>As <see cref="Outcome"/>, with what was made.</summary>
public readonly record struct Outcome<T>(T? Value, string? Reason)
{
    public bool IsDone => Reason is null;

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Outcome refused) =>
        refused.IsDone ? throw new InvalidOperationException("A done outcome needs its value.") : new(default, refused.Reason);
}
