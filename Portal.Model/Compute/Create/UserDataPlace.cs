namespace Portal.Model.Compute;

/// <summary>
/// Where in user data something stands, so that what is wrong with it can be told by the line and column that its author sees.
/// </summary>
/// <param name="Name">What it is, at the beginning of a sentence: “User data”, “Part 2”.</param>
/// <param name="Line">Lines before its first.</param>
/// <param name="Column">Characters before each of its lines.</param>
/// <param name="Of">Of what the lines are, where they are not those that were typed, e.g. “ of what is unpacked from it”.</param>
/// <param name="Left">How much of it may still be looked at.</param>
internal readonly record struct UserDataPlace(string Name, int Line = 0, int Column = 0, string Of = "", UserDataBudget? Left = null)
{
    public string At(int line) => $"line {Line + line}{Of}";

    public string At(int line, int column) => $"line {Line + line}, column {Column + column}{Of}";

    /// <summary>The place of a character, from its index in the text.</summary>
    public string At(string text, int index)
    {
        var before = text.AsSpan(0, Math.Min(index, text.Length));
        return At(before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));
    }
}

/// <summary>
/// How many characters are looked at of one piece of user data, all that is unpacked from it and all that is looked at again together: 16
/// KiB can hold very much, within itself too, and each letter that somebody types is a look.
/// </summary>
internal sealed class UserDataBudget
{
    /// <summary>What it costs to begin a look, however little there is to be seen, in characters that could be read meanwhile.</summary>
    public const int EachLook = 256;

    private int left = 1 << 19;

    public bool Take(int characters) => (left -= characters) >= 0;
}
