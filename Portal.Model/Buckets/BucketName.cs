using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>What a bucket may be called. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html</summary>
public static class BucketName
{
    public const int MinLength = 3;
    public const int MaxLength = 63;

    /// <summary>What Amazon keeps for itself; names that cannot move there are not given here either.</summary>
    private static readonly string[] ReservedBeginnings = ["xn--", "sthree-", "amzn-s3-demo-"];
    private static readonly string[] ReservedEnds = ["-s3alias", "--ols-s3", ".mrap", "--x-s3", "--table-s3"];

    /// <summary>The first rule that the name breaks, said so that it can be shown while somebody types.</summary>
    public static Outcome Check(string? name)
    {
        var text = name ?? "";
        return text switch
        {
            "" => Refusal.Invalid(
                "Give it a name: lowercase letters, digits and hyphens. It is part of its address, and unique among all customers."
            ),
            _ when text.Any(char.IsAsciiLetterUpper) => Refusal.Invalid("Only lowercase letters are allowed."),
            _ when text.FirstOrDefault(c => !IsAllowed(c)) is var wrong and not '\0' => Refusal.Invalid(
                $"{Spell(wrong)} is not allowed: only lowercase letters, digits, hyphens and dots are."
            ),
            { Length: < MinLength } => Refusal.Invalid($"It needs at least {MinLength} characters."),
            { Length: > MaxLength } => Refusal.Invalid($"At most {MaxLength} characters are allowed; this has {text.Length}."),
            _ when !char.IsAsciiLetterOrDigit(text[0]) => Refusal.Invalid("It must begin with a letter or a digit."),
            _ when !char.IsAsciiLetterOrDigit(text[^1]) => Refusal.Invalid("It must end with a letter or a digit."),
            _ when text.Contains("..", StringComparison.Ordinal) => Refusal.Invalid("Two dots may not follow each other."),
            _ when text.Contains(".-", StringComparison.Ordinal) || text.Contains("-.", StringComparison.Ordinal) => Refusal.Invalid(
                "A dot and a hyphen may not follow each other."
            ),
            _ when text.Split('.') is { Length: 4 } numbers && numbers.All(number => number.All(char.IsAsciiDigit)) => Refusal.Invalid(
                "It may not look like an IP address."
            ),
            "new" => Refusal.Invalid("That one is the name of a page here: choose another."),
            _ when ReservedBeginnings.FirstOrDefault(part => text.StartsWith(part, StringComparison.Ordinal)) is { } part =>
                Refusal.Invalid($"Names that start with “{part}” are reserved."),
            _ when ReservedEnds.FirstOrDefault(part => text.EndsWith(part, StringComparison.Ordinal)) is { } part => Refusal.Invalid(
                $"Names that end with “{part}” are reserved."
            ),
            _ => Outcome.Done,
        };
    }

    private static bool IsAllowed(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.';

    private static string Spell(char c) =>
        c switch
        {
            ' ' => "A space",
            '_' => "An underscore",
            _ when char.IsControl(c) || char.IsSurrogate(c) => "That character",
            _ => $"“{c}”",
        };
}
