using System.Text.Json.Serialization;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>Which objects are meant: some files and folders by their names, or all whose keys begin with something, except some.</summary>
public sealed record ObjectSelection
{
    /// <summary>
    /// More are not ticked one by one, and a row holds no more: a megabyte at most. A folder, or everything that begins alike, is one.
    /// </summary>
    public const int MostNames = 1000;

    /// <summary>Keys; one that ends with a slash means everything in that folder.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    public string? AllUnder { get; init; }

    public static ObjectSelection Of(params IReadOnlyList<string> names) => new() { Names = names };

    public static ObjectSelection All(string prefix, IReadOnlyList<string> except) => new() { AllUnder = prefix, Names = except };

    /// <summary>How many places are looked through, one after the other.</summary>
    [JsonIgnore]
    public int Places => AllUnder is null ? Names.Count : 1;

    /// <summary>How many objects are meant, if that can be told without asking the store.</summary>
    [JsonIgnore]
    public int? Known => AllUnder is null && !Names.Any(IsFolder) ? Names.Count : null;

    [JsonIgnore]
    public Refusal? WhyNotTaken =>
        Names.Count > MostNames
            ? Refusal.Limit(
                $"At most {MostNames:N0} names can be ticked one by one: select a folder, or everything that begins alike, instead."
            )
            : null;

    public static bool IsFolder(string name) => name.EndsWith('/');

    /// <summary>What the keys of a place begin with; null if it is one file.</summary>
    public string? PrefixOf(int place) => AllUnder ?? (IsFolder(Names[place]) ? Names[place] : null);

    /// <summary>Of what was found in one of its places.</summary>
    public bool Means(string key) => AllUnder is null || !Names.Any(except => IsIn(key, except));

    /// <summary>Whether a line of a list, a file or a folder, goes with it.</summary>
    public bool Covers(string key) =>
        AllUnder is { } prefix ? key.StartsWith(prefix, StringComparison.Ordinal) && Means(key) : Names.Any(name => IsIn(key, name));

    /// <summary>Why what it means cannot have names that begin with <paramref name="move"/>'s end instead; null if it can.</summary>
    public Refusal? WhyNotMove(ObjectMove move) =>
        !(AllUnder is { } start ? [start] : Names).All(name => name.StartsWith(move.From, StringComparison.Ordinal))
            ? Refusal.Invalid("It is not in that folder.")
        : move.To == move.From ? Refusal.Duplicate("It is there already.")
        : AllUnder is null && Names.Where(IsFolder).Any(folder => move.Of(folder).StartsWith(folder, StringComparison.Ordinal))
        || (AllUnder is { } all && move.To.StartsWith(all, StringComparison.Ordinal) && !Names.Contains(move.To, StringComparer.Ordinal))
            ? Refusal.Invalid("A folder cannot be moved into itself.")
        : move.To.Length > 0 ? ObjectKey.Check(move.To).Refusal
        : null;

    private static bool IsIn(string key, string name) => key == name || (IsFolder(name) && key.StartsWith(name, StringComparison.Ordinal));
}

/// <summary>
/// Each key that begins with <paramref name="From"/> begins with <paramref name="To"/> instead. A file's whole key is its beginning.
/// </summary>
public sealed record ObjectMove(string From, string To)
{
    public string Of(string key) => To + key[From.Length..];
}
