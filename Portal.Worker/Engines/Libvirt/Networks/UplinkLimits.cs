using System.Globalization;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// What one guest and one network may take of what all share, so that none takes the others'. docs/operating.md lists the settings.
/// </summary>
/// <param name="MegabitsPerGuest">To the outside, and as much from there.</param>
/// <param name="OpeningsPerGuest">New connections to the outside, a second; five times as many at once.</param>
/// <param name="ConnectionsPerGuest">Open at one time, in each direction.</param>
/// <param name="ConnectionsPerNetwork">That its router follows at one time, those inside the network included.</param>
public sealed record UplinkLimits(int MegabitsPerGuest, int OpeningsPerGuest, int ConnectionsPerGuest, int ConnectionsPerNetwork)
{
    public static UplinkLimits Default { get; } = new(1000, 200, 8192, 32768);

    public static UplinkLimits From(IConfiguration configuration) =>
        new(
            Read(configuration, nameof(MegabitsPerGuest), Default.MegabitsPerGuest),
            Read(configuration, nameof(OpeningsPerGuest), Default.OpeningsPerGuest),
            Read(configuration, nameof(ConnectionsPerGuest), Default.ConnectionsPerGuest),
            Read(configuration, nameof(ConnectionsPerNetwork), Default.ConnectionsPerNetwork)
        );

    /// <summary>As nft takes it: 125 kbytes to the megabit.</summary>
    internal long KilobytesPerGuest => MegabitsPerGuest * 125L;

    private static int Read(IConfiguration configuration, string name, int otherwise) =>
        configuration[$"Uplink:{name}"] is not { Length: > 0 } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
        : throw new StartRefusedException($"Uplink__{name} is “{text}”; it must be a whole number above 0.");
}
