using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using static Portal.Tests.Shared.Sources;

namespace Portal.Tests.Shared;

/// <summary>What scripts never do in the browser.</summary>
public sealed partial class ScriptRulesTests
{
    /// <summary>What is remembered there are names of files, uploads that were cut off, and when a page loaded itself anew.</summary>
    [Fact]
    public void Scripts_run_no_text_and_remember_nothing_secret()
    {
        Assert.Empty(Scripts().Where(file => RunsText().IsMatch(file.Text)).Select(file => file.Name));
        Assert.Equal(
            ["drafts.js", "presses.js", "ssh-key.js", "uploads/ask.js", "uploads/policy.js"],
            Scripts()
                .Where(file => Remembers().IsMatch(file.Text))
                .Select(file => file.Name["wwwroot/".Length..])
                .Order(StringComparer.Ordinal)
        );
    }

    /// <summary>
    /// A name from outside as a member's would reach the prototype of all objects: what is looked up by a name is a Map, and what is copied
    /// is written out where it is copied.
    /// </summary>
    [Fact]
    public void Scripts_set_no_member_by_a_name_from_outside()
    {
        Assert.InRange(Scripts().Count(), 15, int.MaxValue);
        Assert.Empty(Scripts().SelectMany(file => SetsByName().Matches(file.Text).Select(found => $"{file.Name}: {found.Value}")));
        Assert.Matches(SetsByName(), "rows[name] = 1;");
        Assert.Matches(SetsByName(), "Object.assign(target, answer)");
        Assert.DoesNotMatch(SetsByName(), "const [first, second] = words; Object.assign(this, { first });");
    }

    private static IEnumerable<(string Name, string Text)> Scripts() => Files("wwwroot", "*.js");

    [GeneratedRegex(
        @"\beval\(|\bnew Function\b|document\.write|insertAdjacentHTML|outerHTML\s*=|window\.postMessage|document\.cookie|set(Timeout|Interval)\(['""`]",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex RunsText();

    [GeneratedRegex(@"(local|session)Storage\.setItem|indexedDB", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Remembers();

    [GeneratedRegex(
        @"[\w)\]]\[[^\]'""`]*[A-Za-z_$][^\]'""`]*\]\s*=[^=>]|Object\.assign\([^,()]+(\([^()]*\))?, ?[^{ ]|__proto__|\bprototype\[|setPrototypeOf|for \((const|let|var) \w+ in ",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex SetsByName();
}
