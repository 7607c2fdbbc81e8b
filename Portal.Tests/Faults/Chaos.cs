using Portal.Tests.Compute;

namespace Portal.Tests.Faults;

/// <summary>
/// How much the killing tests kill. Each run takes a sample, another one every time; <c>bin/test --chaos</c>, before a release, takes all
/// of it and more.
/// </summary>
internal static class Chaos
{
    private static readonly bool IsWhole = Environment.GetEnvironmentVariable("CHAOS") is "1";

    public static int Kills(int sample, int whole) => IsWhole ? whole : sample;

    /// <summary>Each of these at each point of failure, or a sample of that, in the order given.</summary>
    public static List<(T Call, FaultPoint Point)> Points<T>(IEnumerable<T> calls, int sample) =>
        Some([.. calls.SelectMany(call => Enum.GetValues<FaultPoint>().Select(point => (call, point)))], sample);

    /// <summary>All of these, or a sample of them, in the order given.</summary>
    public static List<T> Some<T>(IReadOnlyList<T> all, int sample)
    {
        if (IsWhole)
        {
            return [.. all];
        }

        var places = Enumerable.Range(0, all.Count).ToArray();
        Random.Shared.Shuffle(places);
        return [.. places.Take(sample).Order().Select(place => all[place])];
    }
}
