using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>The places of an instance for volumes besides its root disk: <c>sdb</c> to <c>sdp</c>.</summary>
public static class VolumeDevices
{
    public const int Most = 15;

    public static readonly string NoMore = $"An instance has at most {Most} volumes besides its root disk.";

    private static readonly string[] All = [.. Enumerable.Range(0, Most).Select(place => $"sd{(char)('b' + place)}")];

    /// <summary>The place of the volume that is made with its instance as the one with this number, from 0.</summary>
    public static string At(int number) => All[number];

    /// <summary>The first that is free.</summary>
    public static Outcome<string> Free(IEnumerable<string?> taken) =>
        All.Except(taken, StringComparer.Ordinal).FirstOrDefault() is { } free ? new Outcome<string>(free, null) : Refusal.Limit(NoMore);
}
