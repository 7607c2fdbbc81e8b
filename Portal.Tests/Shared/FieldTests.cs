using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Tests.Shared;

/// <summary>What somebody types is never taken away again, however late the answers of the circuit are.</summary>
public sealed class FieldTests : BunitContext
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly FakeTimeProvider clock = new();
    private readonly List<string?> searches = [];

    public FieldTests() => Services.AddSingleton<TimeProvider>(clock);

    /// <summary>
    /// Without a binding the renderer does not know what the browser shows, and writes into the field what it has just been told: at 100 ms
    /// to the server, each key that was pressed meanwhile is lost. https://learn.microsoft.com/aspnet/core/blazor/components/data-binding
    /// </summary>
    [Fact]
    public void Every_field_that_is_heard_while_somebody_types_is_bound()
    {
        var unbound = Sources
            .Files("Portal", "*.razor")
            .SelectMany(file =>
                file.Text.Split('\n')
                    .Where(line =>
                        line.Contains("@oninput=", StringComparison.Ordinal)
                        && (line.Contains("<input", StringComparison.Ordinal) || line.Contains(" value=", StringComparison.Ordinal))
                    )
                    .Select(line => $"{file.Name}: {line.Trim()}")
            );
        Assert.Empty(unbound);
    }

    /// <summary>Two tabs, or two colleagues: the second must not replace without a word what the first has just saved.</summary>
    [Fact]
    public void Who_types_hears_that_the_same_was_changed_elsewhere()
    {
        var form = Render<SettingForm>(parameters =>
            parameters
                .Add(form => form.Heading, "Name")
                .Add(form => form.Stored, "web-1")
                .Add(form => form.Save, () => Task.FromResult(Outcome.Done))
                .AddChildContent("<input class='text' />")
        );
        form.Find("form").Input("web-2");
        Assert.Empty(form.FindAll(".notice"));
        form.Render(parameters => parameters.Add(form => form.Stored, "db-1"));
        Assert.Equal(
            "This was changed elsewhere while you were typing: it is “db-1” now. Saving replaces that.",
            form.Find(".notice").TextContent
        );
        form.Find("form").Submit();
        Assert.Empty(form.FindAll(".notice"));
    }

    [Fact]
    public void What_nobody_types_into_says_nothing_of_changes()
    {
        var form = Render<SettingForm>(parameters =>
            parameters
                .Add(form => form.Heading, "Name")
                .Add(form => form.Stored, "web-1")
                .Add(form => form.Save, () => Task.FromResult(Outcome.Done))
                .AddChildContent("<input class='text' />")
        );
        form.Render(parameters => parameters.Add(form => form.Stored, "db-1"));
        Assert.Empty(form.FindAll(".notice"));
    }

    [Fact]
    public void A_search_begins_when_the_typing_pauses()
    {
        var field = Search(null);
        field.Find("input").Input("a");
        clock.Advance(Pause / 2);
        field.Find("input").Input("ab");
        clock.Advance(Pause * 0.9);
        Assert.Empty(searches);
        clock.Advance(Pause);
        field.WaitForAssertion(() => Assert.Equal(["ab"], searches));
    }

    [Fact]
    public void What_is_typed_stays_when_the_answer_to_what_stood_there_before_arrives()
    {
        var field = Search(null);
        field.Find("input").Input("ab");
        clock.Advance(Pause);
        field.WaitForAssertion(() => Assert.Equal(["ab"], searches));
        field.Find("input").Input("ab c");
        field.Render(parameters => parameters.Add(search => search.Value, "ab"));
        Assert.Equal("ab c", field.Find("input").GetAttribute("value"));
    }

    [Fact]
    public void What_was_typed_goes_when_something_else_is_searched_for()
    {
        var field = Search("ab");
        field.Find("input").Input("abc");
        clock.Advance(Pause);
        field.WaitForAssertion(() => Assert.Equal(["abc"], searches));
        field.Render(parameters => parameters.Add(search => search.Value, "abc"));
        field.Render(parameters => parameters.Add(search => search.Value, null));
        Assert.Null(field.Find("input").GetAttribute("value"));
    }

    private IRenderedComponent<SearchField> Search(string? value) =>
        Render<SearchField>(parameters =>
            parameters
                .Add(search => search.Label, "Search by name")
                .Add(search => search.Value, value)
                .Add(search => search.OnSearch, searches.Add)
        );
}
