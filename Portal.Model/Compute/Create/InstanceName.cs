using System.Security.Cryptography;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>What an instance is called if nobody says otherwise, and inside its guest.</summary>
public static class InstanceName
{
    private static readonly string[] Colours =
    [
        "amber",
        "azure",
        "brass",
        "bronze",
        "cobalt",
        "copper",
        "coral",
        "crimson",
        "ebony",
        "emerald",
        "golden",
        "indigo",
        "ivory",
        "jade",
        "maroon",
        "olive",
        "opal",
        "pearl",
        "plum",
        "quartz",
        "ruby",
        "russet",
        "sable",
        "saffron",
        "sage",
        "scarlet",
        "silver",
        "slate",
        "teal",
        "umber",
        "violet",
        "walnut",
    ];

    private static readonly string[] Animals =
    [
        "badger",
        "beaver",
        "bison",
        "condor",
        "crane",
        "curlew",
        "dolphin",
        "egret",
        "falcon",
        "ferret",
        "finch",
        "gecko",
        "heron",
        "ibex",
        "jackal",
        "kestrel",
        "lemur",
        "lynx",
        "marlin",
        "marten",
        "osprey",
        "otter",
        "oryx",
        "panther",
        "pelican",
        "puffin",
        "raven",
        "salmon",
        "starling",
        "swift",
        "tapir",
        "wren",
    ];

    /// <summary>A readable name such as <c>amber-falcon</c>; not unique, and need not be.</summary>
    public static string Suggest() =>
        $"{RandomNumberGenerator.GetItems<string>(Colours, 1)[0]}-{RandomNumberGenerator.GetItems<string>(Animals, 1)[0]}";

    /// <summary>
    /// The name as a DNS label: letters (<see cref="AsciiLetters"/>), digits and hyphens, at most 63; null where nothing is left.
    /// </summary>
    public static string? HostName(string name)
    {
        var label = string.Join('-', AsciiLetters.Of(name.ToLowerInvariant(), ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries));
        label = label.Length > 63 ? label[..63].TrimEnd('-') : label;
        return label.Length == 0 ? null : label;
    }
}
