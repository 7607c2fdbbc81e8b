using System.Globalization;

namespace Portal.Model.Shared;

/// <summary>How many of something, as people say it.</summary>
public static class Counted
{
    /// <summary><c>1 object</c>, <c>1,234 objects</c>, <c>2 entries</c>, <c>3 addresses</c>.</summary>
    /// <param name="one">The word for one of them.</param>
    public static string Of(long count, string one) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : Many(one))}");

    private static string Many(string one) =>
        one.EndsWith("ry", StringComparison.Ordinal) ? $"{one[..^1]}ies"
        : one.EndsWith('s') ? $"{one}es"
        : $"{one}s";
}
