using System.Text.Json;

namespace Portal.Accounts;

/// <summary>
/// Some 49,000 passwords that people choose most, as leaks have shown: the list of zxcvbn-ts (MIT), which is part of the program.
/// </summary>
internal static class CommonPasswords
{
    /// <summary>Shorter ones are no password here, nor a word around which one would be built.</summary>
    private const int Shortest = 5;

    private static readonly Lazy<HashSet<string>> All = new(Read);

    /// <param name="password">In lower case.</param>
    public static bool Contain(string password) => All.Value.Contains(password);

    private static HashSet<string> Read()
    {
        using var list = typeof(CommonPasswords).Assembly.GetManifestResourceStream("common-passwords.json")!;
        return JsonSerializer.Deserialize<string[]>(list)!.Where(password => password.Length >= Shortest).ToHashSet(StringComparer.Ordinal);
    }
}
