using Microsoft.AspNetCore.Identity;

namespace Portal.Accounts;

/// <summary>
/// What a password must be: long. No rules of composition, which make people choose worse ones.
/// https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
/// </summary>
public static class Passwords
{
    public const int MinLength = 10;
    public const int MaxLength = 128;

    public static readonly string Rule = $"At least {MinLength} characters.";

    public static void Configure(PasswordOptions options) =>
        (options.RequiredLength, options.RequiredUniqueChars, options.RequireDigit, options.RequireLowercase, options.RequireUppercase, options.RequireNonAlphanumeric) =
        (MinLength, 4, false, false, false, false);

    /// <summary>Null, or why <paramref name="password"/> will not do.</summary>
    public static string? WhyNot(string? password, string? email) => password switch
    {
        null or "" => "Choose a password.",
        { Length: < MinLength } => $"Use at least {MinLength} characters.",
        { Length: > MaxLength } => $"Use at most {MaxLength} characters.",
        _ when password.Distinct().Count() < 4 => "Use more than three different characters.",
        _ when string.Equals(password, email, StringComparison.OrdinalIgnoreCase) => "Use something else than your e-mail address.",
        _ => null,
    };
}
