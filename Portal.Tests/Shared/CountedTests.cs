using System.Text.RegularExpressions;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>One of something is never read as several.</summary>
public sealed partial class CountedTests
{
    [Theory]
    [InlineData(0, "snapshot", "0 snapshots")]
    [InlineData(1, "snapshot", "1 snapshot")]
    [InlineData(1234, "object", "1,234 objects")]
    [InlineData(2, "entry", "2 entries")]
    [InlineData(2, "public address", "2 public addresses")]
    public void A_number_and_its_word_agree(long count, string one, string said) => Assert.Equal(said, Counted.Of(count, one));

    [Fact]
    public void Every_quota_is_told_with_the_word_that_fits_its_number()
    {
        var told = ((string[])["Portal", "Portal.Model"])
            .SelectMany(project => Sources.Files(project, "*.cs", "*.razor"))
            .SelectMany(file => Quota().Matches(file.Text).Select(match => match.Value))
            .ToList();
        Assert.InRange(told.Count, 10, int.MaxValue);
        Assert.All(told, quota => Assert.Matches(@"\{Counted\.Of\(|:N0\} GiB", quota));
    }

    [GeneratedRegex("Your quota is \\{[^\n]{0,60}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quota();
}
