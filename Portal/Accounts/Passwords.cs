using Microsoft.AspNetCore.Identity;
using Portal.Model.Accounts;

namespace Portal.Accounts;

/// <summary>
/// What a password must be: long enough, and neither one of those that are tried first nor made of what everybody knows of its owner. No
/// rules of composition, which make people choose worse ones. https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
/// </summary>
public static class Passwords
{
    public const int MinLength = 8;
    public const int MaxLength = 128;

    /// <summary>Of PBKDF2 with SHA-512. https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html</summary>
    public const int HashingRounds = 210_000;

    /// <summary>Of Identity's error, whose description is a sentence of ours.</summary>
    public const string Refused = "Portal.Password";

    private const string Common =
        "That is one of the passwords that are tried first. Use something longer, such as a few words that do not belong together.";
    private const string Own = "Use something that has nothing to do with your e-mail address or with Portal.";

    /// <summary>A word shorter than this is found in passwords by chance.</summary>
    private const int ShortestWord = 3;

    /// <summary>What has to be left of a password without the words that everybody knows.</summary>
    private const int LeastOfItsOwn = 5;

    /// <summary>Put before or behind a common word, so much makes it no better.</summary>
    private const int LongestTrimming = 6;

    public static readonly string Rule = $"At least {MinLength} characters.";

    public static void Configure(PasswordOptions options) =>
        (
            options.RequiredLength,
            options.RequiredUniqueChars,
            options.RequireDigit,
            options.RequireLowercase,
            options.RequireUppercase,
            options.RequireNonAlphanumeric
        ) = (MinLength, 1, false, false, false, false);

    /// <summary>Null, or why <paramref name="password"/> will not do.</summary>
    public static string? WhyNot(string? password, string? email) =>
        password switch
        {
            null or "" => "Choose a password.",
            { Length: < MinLength } => $"Use at least {MinLength} characters.",
            { Length: > MaxLength } => $"Use at most {MaxLength} characters.",
            _ when IsOwn(password.ToLowerInvariant(), email) => Own,
            _ when IsCommon(password.ToLowerInvariant()) => Common,
            _ => null,
        };

    private static bool IsCommon(string password)
    {
        var core = password.Trim([.. password.Where(c => !char.IsLetter(c)).Distinct()]);
        return CommonPasswords.Contain(password)
            || IsRow(password)
            || (password.Length - core.Length <= LongestTrimming && CommonPasswords.Contain(core));
    }

    /// <summary>One piece again and again (abcabcabc, aaaaaaaa), or characters in their order (34567890, hgfedcba).</summary>
    private static bool IsRow(string password) =>
        (password + password).IndexOf(password, 1, StringComparison.Ordinal) < password.Length
        || new[] { 1, -1 }.Any(step => password.Zip(password.Skip(1), (one, next) => next - one).All(found => found == step));

    private static bool IsOwn(string password, string? email)
    {
        string[] words =
        [
            "portal",
            .. $"{email} {MailDomain.Shown(MailboxNames.Kept(email ?? ""))}".ToLowerInvariant().Split('@', '.', '+', '-', '_', ' '),
        ];
        var rest = words
            .Append((email ?? "").ToLowerInvariant())
            .Where(word => word.Length >= ShortestWord)
            .OrderByDescending(word => word.Length)
            .Aggregate(password, (left, word) => left.Replace(word, "", StringComparison.Ordinal));
        return rest != password && rest.Length < LeastOfItsOwn;
    }
}

/// <summary>The same for whatever way a password is set.</summary>
internal sealed class PasswordRule : IPasswordValidator<User>
{
    public Task<IdentityResult> ValidateAsync(UserManager<User> manager, User user, string? password) =>
        Task.FromResult(
            Passwords.WhyNot(password, user.Email) is { } reason
                ? IdentityResult.Failed(new IdentityError { Code = Passwords.Refused, Description = reason })
                : IdentityResult.Success
        );
}
