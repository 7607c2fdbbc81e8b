using System.Text.RegularExpressions;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Tests.Shared;

/// <summary>What a circuit answers to a browser that asks what became of a press.</summary>
public sealed partial class PressesTests : IDisposable
{
    private readonly Presses presses = new(null!, null!, TimeProvider.System);

    public void Dispose() => presses.Dispose();

    [Fact]
    public async Task What_came_is_not_through_before_what_it_began_is_at_its_end()
    {
        Assert.Equal(PressState.Lost, presses.BecameOf(1));
        presses.Begin();
        presses.Heard(1);
        Assert.Equal(PressState.Going, presses.BecameOf(1));
        var end = presses.Done();
        Assert.False(end.IsCompleted);
        presses.End();
        await end;
        Assert.Equal((PressState.Done, PressState.Lost), (presses.BecameOf(1), presses.BecameOf(2)));
    }

    /// <summary>A press that the database broke off leaves the page as it was: its button works again.</summary>
    [Fact]
    public void Whatever_keeps_a_button_from_a_second_press_lets_go_of_it_whatever_happens()
    {
        var files = Sources
            .Files("Portal", "*.razor", "*.razor.cs")
            .Select(file => (file.Name, Takes: Takes().Count(file.Text), Ends: Ends().Count(file.Text)))
            .Where(file => file.Takes > 0)
            .ToList();
        Assert.InRange(files.Count, 10, int.MaxValue);
        Assert.Empty(files.Where(file => file.Ends < file.Takes).Select(file => file.Name));
    }

    [GeneratedRegex(@"\b(saving|busy|acting)(, \w+)*\)? = (\()?true\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Takes();

    [GeneratedRegex(@"\bfinally\b", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ends();

    [Theory]
    [InlineData(Saved.Nothing, PressState.Failed)]
    [InlineData(Saved.Unknown, PressState.Unknown)]
    [InlineData(Saved.Some, PressState.Unknown)]
    public void What_failed_did_not_go_through_and_where_something_may_be_saved_nobody_says_that_nothing_was_changed(
        Saved saved,
        PressState state
    )
    {
        presses.Begin();
        presses.Fail(saved);
        presses.End();
        presses.Heard(1);
        Assert.Equal(state, presses.BecameOf(1));

        presses.Begin();
        presses.Heard(2);
        presses.End();
        Assert.Equal(PressState.Done, presses.BecameOf(2));
    }
}
