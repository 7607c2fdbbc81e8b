using Portal.Model.Buckets;

namespace Portal.Buckets;

/// <summary>
/// The rules for a bucket's name, each with whether it holds so far: shown while one types. What refuses is <see cref="BucketName.Check"/>.
/// </summary>
public static class BucketNameRules
{
    public static IReadOnlyList<(string Rule, bool Holds)> Of(string name) =>
        [
            (
                $"{BucketName.MinLength} to {BucketName.MaxLength} characters",
                name.Length is >= BucketName.MinLength and <= BucketName.MaxLength
            ),
            (
                "lowercase letters, digits, hyphens and dots",
                name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
            ),
            (
                "begins and ends with a letter or a digit",
                name.Length > 0 && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1])
            ),
            ("unique among all customers", BucketName.Check(name).IsDone),
        ];
}
