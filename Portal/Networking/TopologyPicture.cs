using Portal.Model.Networking;

namespace Portal.Networking;

/// <summary>
/// Where what stands in the picture of a network, in its own units: the router at the left, the subnets beneath each other at the right.
/// </summary>
public sealed class TopologyPicture
{
    public const int Width = 900;
    public const int InterfaceWidth = 222;
    public const int InterfaceHeight = 58;

    private const int Left = 170;
    private const int Gap = 10;
    private const int Head = 34;
    private const int Columns = 3;

    /// <summary>More of one subnet than fits on a screen says nothing: the rest is a number.</summary>
    private const int MaxInterfaces = 12;

    private TopologyPicture(IReadOnlyList<SubnetBox> subnets, IReadOnlyList<Beyond> beyond, int height) =>
        (Subnets, Others, Height) = (subnets, beyond, height);

    public IReadOnlyList<SubnetBox> Subnets { get; }

    /// <summary>What the router leads to besides the subnets, beneath it.</summary>
    public IReadOnlyList<Beyond> Others { get; }

    public int Height { get; }

    public static TopologyPicture Of(NetworkView view)
    {
        var (boxes, y) = (new List<SubnetBox>(), 0);
        foreach (var subnet in view.Subnets)
        {
            var networkInterfaces = view.Interfaces.Where(networkInterface => networkInterface.SubnetId == subnet.Id).ToList();
            var shown = networkInterfaces
                .Take(MaxInterfaces)
                .Select(
                    (networkInterface, place) =>
                        new InterfaceBox(
                            networkInterface,
                            Left + Gap + (place % Columns * (InterfaceWidth + Gap)),
                            y + Head + (place / Columns * (InterfaceHeight + Gap))
                        )
                )
                .ToList();
            var rows = (shown.Count + Columns - 1) / Columns;
            var height = Head + Math.Max(28, rows * (InterfaceHeight + Gap)) + (networkInterfaces.Count > MaxInterfaces ? 24 : 0);
            boxes.Add(new SubnetBox(subnet, Left, y, Width - Left, height, shown, networkInterfaces.Count - shown.Count));
            y += height + Gap;
        }

        IEnumerable<(string Name, string? Url)> beyond =
        [
            .. view.Network.IsNatWanted || view.Interfaces.Any(networkInterface => networkInterface.PublicAddress is not null)
                ? new[] { ("Outside", (string?)null) }
                : [],
            .. view.Peers.Select(peer => (peer.Other.Name, (string?)$"/networks/{peer.Other.Id}")),
        ];
        var others = beyond.Select((other, place) => new Beyond(other.Name, other.Url, 70 + (place * 44))).ToList();
        return new TopologyPicture(boxes, others, Math.Max(y, 70 + (others.Count * 44)));
    }

    public static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";
}

public sealed record SubnetBox(Subnet Subnet, int X, int Y, int Width, int Height, IReadOnlyList<InterfaceBox> Interfaces, int More);

public sealed record InterfaceBox(InterfaceInNetwork Interface, int X, int Y);

public sealed record Beyond(string Name, string? Url, int Y);
