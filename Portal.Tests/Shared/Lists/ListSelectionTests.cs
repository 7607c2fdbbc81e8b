using Portal.Shared;

namespace Portal.Tests.Shared;

public sealed class ListSelectionTests
{
    private readonly ListSelection selection = new();

    [Fact]
    public void Ticked_lines_are_selected_and_unticked_ones_are_not()
    {
        selection.Set("i-1", true);
        selection.Set("i-2", true);
        selection.Set("i-1", false);
        Assert.Equal(["i-2"], selection.Of([]));
        Assert.Equal(1, selection.Count(1000));
    }

    [Fact]
    public void All_that_match_but_one()
    {
        selection.SetAll(true);
        selection.Set("i-2", false);
        Assert.Equal(["i-1", "i-3"], selection.Of(["i-1", "i-2", "i-3"]));
        Assert.Equal(999, selection.Count(1000));
        Assert.False(selection.Has("i-2"));
        Assert.True(selection.Has("i-900"));
    }

    [Fact]
    public void Clearing_leaves_nothing()
    {
        selection.SetAll(true);
        selection.SetAll(false);
        Assert.True(selection.IsEmpty);
    }
}
