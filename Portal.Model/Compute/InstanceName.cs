using System.Globalization;
using System.Security.Cryptography;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>What an instance may be called, and what it is called if nobody says otherwise.</summary>
public static class InstanceName
{
    public const int MaxLength = 255;

    private static readonly string[] Colours =
    [
        "amber", "azure", "brass", "bronze", "cobalt", "copper", "coral", "crimson", "ebony", "emerald", "golden", "indigo", "ivory", "jade", "maroon", "olive",
        "opal", "pearl", "plum", "quartz", "ruby", "russet", "sable", "saffron", "sage", "scarlet", "silver", "slate", "teal", "umber", "violet", "walnut",
    ];

    private static readonly string[] Animals =
    [
        "badger", "beaver", "bison", "condor", "crane", "curlew", "dolphin", "egret", "falcon", "ferret", "finch", "gecko", "heron", "ibex", "jackal", "kestrel",
        "lemur", "lynx", "marlin", "marten", "osprey", "otter", "oryx", "panther", "pelican", "puffin", "raven", "salmon", "starling", "swift", "tapir", "wren",
    ];

    /// <summary>A readable name such as <c>amber-falcon</c>; not unique, and need not be.</summary>
    public static string Suggest() => $"{RandomNumberGenerator.GetItems<string>(Colours, 1)[0]}-{RandomNumberGenerator.GetItems<string>(Animals, 1)[0]}";

    /// <summary>The name of one of several made together: <c>web-1</c> … <c>web-5</c>; alone it keeps the name as it is.</summary>
    public static string Of(string name, int index, int count) => count == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{index + 1}");

    /// <summary>As much of the beginning as has room, in whole characters as people see them: some consist of several, of which none makes sense alone.</summary>
    public static string Cut(string name, int room)
    {
        var end = 0;
        while (end < name.Length && StringInfo.GetNextTextElementLength(name.AsSpan(end)) is var next && end + next <= room)
        {
            end += next;
        }

        return name[..end].TrimEnd();
    }

    /// <summary>The name as a DNS label: letters (<see cref="AsciiLetters"/>), digits and hyphens, at most 63; null where nothing is left.</summary>
    public static string? HostName(string name)
    {
        var label = string.Join('-', AsciiLetters.Of(name.ToLowerInvariant(), ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries));
        label = label.Length > 63 ? label[..63].TrimEnd('-') : label;
        return label.Length == 0 ? null : label;
    }

    public static Outcome Check(string? name)
    {
        var text = (name ?? "").Trim();
        return text switch
        {
            "" => Outcome.Refused("Give it a name."),
            { Length: > MaxLength } => Outcome.Refused($"A name has at most {MaxLength} characters; this one has {text.Length}."),
            _ when !PrintableText.Is(text) => Outcome.Refused("The name holds a character that cannot be seen; letters, digits, spaces and signs are fine."),
            _ => Outcome.Done,
        };
    }
}
