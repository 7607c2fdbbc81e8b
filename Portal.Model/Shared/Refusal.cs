using System.Diagnostics.CodeAnalysis;

namespace Portal.Model.Shared;

/// <summary>Of what kind a refusal is, for a program: a person reads the sentence.</summary>
public enum RefusalKind
{
    /// <summary>It is not there, or is somebody else's: nobody can tell which.</summary>
    NotFound,

    /// <summary>More than is allowed or than there is: a quota, the ladder of trust, the room of a full region, too many tries.</summary>
    Limit,

    /// <summary>Not as things stand: something is in another state, or a region or a service that it takes is not up.</summary>
    State,

    /// <summary>Something else has it or is in it; that comes first.</summary>
    InUse,

    /// <summary>There is one already: of this name, this address, this key.</summary>
    Duplicate,

    /// <summary>What was typed or chosen is nothing that could ever be done.</summary>
    Invalid,

    /// <summary>Who asks may not: by role, suspended, closing or unconfirmed, or without a fresh proof of who it is.</summary>
    Forbidden,

    /// <summary>There is no card that could be charged for it.</summary>
    Unpaid,
}

/// <summary>Why something is refused. One is made by its kind; of no sentence there is none, so that rules can be asked in a row.</summary>
/// <param name="Sentence">For the customer; pages show it as it is.</param>
public sealed record Refusal(RefusalKind Kind, string Sentence)
{
    [return: NotNullIfNotNull(nameof(sentence))]
    public static Refusal? NotFound(string? sentence) => Of(RefusalKind.NotFound, sentence);

    [return: NotNullIfNotNull(nameof(sentence))]
    public static Refusal? Limit(string? sentence) => Of(RefusalKind.Limit, sentence);

    [return: NotNullIfNotNull(nameof(sentence))]
    public static Refusal? State(string? sentence) => Of(RefusalKind.State, sentence);

    [return: NotNullIfNotNull(nameof(sentence))]
    public static Refusal? InUse(string? sentence) => Of(RefusalKind.InUse, sentence);

    [return: NotNullIfNotNull(nameof(sentence))]
    public static Refusal? Duplicate(string? sentence) => Of(RefusalKind.Duplicate, sentence);

    [return: NotNullIfNotNull(nameof(sentence))]
    public static Refusal? Invalid(string? sentence) => Of(RefusalKind.Invalid, sentence);

    [return: NotNullIfNotNull(nameof(sentence))]
    public static Refusal? Forbidden(string? sentence) => Of(RefusalKind.Forbidden, sentence);

    [return: NotNullIfNotNull(nameof(sentence))]
    public static Refusal? Unpaid(string? sentence) => Of(RefusalKind.Unpaid, sentence);

    [return: NotNullIfNotNull(nameof(refusal))]
    public static implicit operator string?(Refusal? refusal) => refusal?.Sentence;

    public override string ToString() => Sentence;

    private static Refusal? Of(RefusalKind kind, string? sentence) => sentence is null ? null : new(kind, sentence);
}
