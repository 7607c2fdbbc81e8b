using System.Reflection;

namespace Portal.Tests.EndToEnd;

/// <summary>How <c>bin/test SLICE</c> reads its word, before anything is built.</summary>
public sealed class BinTestTests
{
    [Fact]
    public async Task A_word_that_is_no_slice_is_answered_with_those_there_are()
    {
        var slices = Assembly
            .GetExecutingAssembly()
            .GetTypes()
            .Where(type => type.GetMethods().Any(method => method.IsDefined(typeof(FactAttribute), inherit: true)))
            .Select(type => type.Namespace!["Portal.Tests.".Length..])
            .Distinct()
            .Order(StringComparer.Ordinal);
        var ended = await BinUp.RunAsync("bin/test", ["nowhere"], Path.GetTempPath(), 5080);
        Assert.Equal(
            (1, "0 passed, 1 failed", $"There is no slice nowhere; there are {string.Join(' ', slices)}."),
            (ended.Code, ended.Output, ended.Errors)
        );
    }
}
