using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>What came of an action on many: one sentence, and the refusals by their reasons.</summary>
public sealed record BulkResult(string Sentence, IReadOnlyList<(string Reason, string Names)> Refused)
{
    private const int NamesShown = 5;

    /// <param name="doing">What those that were not refused do now, e.g. <c>stopping</c>.</param>
    public static BulkResult Of(string doing, IReadOnlyCollection<(string Name, Outcome Outcome)> results)
    {
        var done = results.Count(result => result.Outcome.IsDone);
        var refused = results
            .Where(result => !result.Outcome.IsDone)
            .GroupBy(result => result.Outcome.Reason!, StringComparer.Ordinal)
            .Select(group =>
                (
                    group.Key,
                    string.Join(", ", group.Take(NamesShown).Select(result => result.Name))
                        + (group.Count() > NamesShown ? $" and {group.Count() - NamesShown} more" : "")
                )
            );
        return new BulkResult($"{done} {doing}{(done == results.Count ? "." : $", {results.Count - done} refused.")}", [.. refused]);
    }
}
