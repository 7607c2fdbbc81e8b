using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Portal.Tests.Shared;

/// <summary>What a person reads on a page, or has read to him, and what of it nobody meant to be read.</summary>
internal static partial class PageWords
{
    /// <summary>
    /// All that is shown or would be once it is opened or pointed at. What is code for a terminal or a program is not prose; what is typed
    /// into a field is a person's own.
    /// </summary>
    private const string Collect = """
        () => {
          for (const folded of document.querySelectorAll('details')) folded.open = true;
          const code = [...document.querySelectorAll('pre, code, .copy-line')];
          for (const one of code) one.style.display = 'none';
          const words = document.body.innerText.split('\n');
          for (const one of code) one.style.display = '';
          for (const hidden of document.querySelectorAll('.why, [hidden]:not(script)')) words.push(...hidden.textContent.split('\n'));
          for (const name of ['placeholder', 'title', 'aria-label', 'alt', 'label', 'aria-description'])
            for (const node of document.querySelectorAll(`[${name}]`)) words.push(...node.getAttribute(name).split('\n'));
          words.push(document.title);
          return [...new Set(words.map(word => word.trim()).filter(word => word))];
        }
        """;

    public static async Task<IReadOnlyList<string>> ReadAsync(IPage page) => await page.EvaluateAsync<string[]>(Collect);

    /// <summary>Each with the page's address, for a list of them all.</summary>
    public static async Task<IEnumerable<string>> MistakesAsync(IPage page) =>
        (await ReadAsync(page))
            .Where(words => Mistake().IsMatch(words))
            .Select(words => $"{new Uri(page.Url).PathAndQuery}: {Mistake().Match(words).Value} in “{words}”");

    public static bool IsMistake(string words) => Mistake().IsMatch(words);

    [GeneratedRegex(
        """
            ">|="|</?[a-z]+[\s>]                       # markup
            |&(\#\d+|[a-z]{2,6});                      # entities
            |(^|\s)@[\w(]                              # Razor
            |\{[\w.:,\ -]*\}                            # a place that nothing was put into
            |\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b
            |\bSystem\.|\bMicrosoft\.|\bPortal\.[A-Z]|\w`\d|\[object\b
            |\b(True|False|null|undefined|NaN|Infinity)\b
            |\d{4}-\d\d-\d\dT\d\d:\d\d               # machine time
            |’                                         # apostrophes are straight
            |\d\s?[KMGTP]B\b(?!/s)                     # sizes are binary and say so; rates are not
            |\b(in|of|region:?)\ (local|us-east-1)\b
            |\b0\ of\ 0\b
            |(?<![\d.,])1\ (instance|volume|snapshot|bucket|object|key|rule|address|network|subnet|group|image|interface|alert|mail|guest)s\b
            """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 5000
    )]
    private static partial Regex Mistake();
}

public sealed class PageWordsTests
{
    [Theory]
    [InlineData("RunInstances /instances/i-0123\">i-0123")]
    [InlineData("#cloud-config&#10;packages: [htop]")]
    [InlineData("@line.Amount")]
    [InlineData("Hello {0}")]
    [InlineData("Deleted 6f9619ff-8b86-d011-b42d-00cf4fc964ff")]
    [InlineData("System.Collections.Generic.List`1[System.String]")]
    [InlineData("Protected: True")]
    [InlineData("null")]
    [InlineData("This month’s bill")]
    [InlineData("512 MB")]
    [InlineData("Out of buckets: 0 of 0 GiB are free for your account")]
    [InlineData("1 instances")]
    [InlineData("Until 2026-11-30T18:28:35.4817783+00:00")]
    public void What_nobody_meant_to_be_read_is_found(string words) => Assert.True(PageWords.IsMistake(words));

    [Theory]
    [InlineData("ada@example.com")]
    [InlineData("This month's bill")]
    [InlineData("10 of 20 GiB, 1.5 MB/s")]
    [InlineData("Trust is true to its word; nullable, systematic.")]
    [InlineData("21 instances · 1 volume · 3.1 instances")]
    [InlineData("i-0123456789abcdef0")]
    public void What_is_meant_to_be_read_is_not(string words) => Assert.False(PageWords.IsMistake(words));
}
