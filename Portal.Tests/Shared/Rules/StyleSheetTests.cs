namespace Portal.Tests.Shared;

public sealed class StyleSheetTests
{
    /// <summary>
    /// A browser forgives a brace that was lost in a merge: it takes all that follows for a part of the last rule, and says nothing.
    /// </summary>
    [Fact]
    public void Every_block_of_the_style_sheet_is_closed_before_the_next_part_begins()
    {
        var open = 0;
        foreach (var (number, line) in File.ReadLines(Path.Combine(TestPostgres.Repository, "wwwroot", "portal.css")).Index())
        {
            Assert.True(
                open == 0 || !line.StartsWith("/*", StringComparison.Ordinal),
                $"Line {number + 1} begins a part inside a block that was not closed."
            );
            open += line.Count(letter => letter is '{') - line.Count(letter => letter is '}');
            Assert.True(open >= 0, $"Line {number + 1} closes a block that was not opened.");
        }

        Assert.Equal(0, open);
    }
}
