using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// A public address (elastic IP): it belongs to the account until it is released, and leads to whichever interface it is associated with.
/// In a region with a range of its own it is an address; in one without it is a set of ports of the host's loopback.
/// </summary>
public sealed class PublicAddress : Resource
{
    /// <summary>How many ports stand for an address where there is none.</summary>
    public const int PortCount = 10;

    /// <summary>Which ports of the guest they lead to, unless its owner chooses others.</summary>
    private static readonly int[] UsualPorts = [22, 80, 443, 3000, 5000, 8000, 8080, 8443, 9000, 9090];

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    /// <summary>Null in a region without a range.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The first of <see cref="PortCount"/> ports of the region's host; null in a region with a range.</summary>
    public int? FirstPort { get; init; }

    /// <summary>The guest's port to which each of the ports leads, in their order. Empty in a region with a range.</summary>
    public int[] GuestPorts { get; private set; } = [];

    /// <summary>The interface to which it leads; null while it leads nowhere.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? InterfaceId { get; private set; }

    /// <summary>
    /// The network whose router may still serve it: that of the interface, or of the last one until the engine has followed.
    /// </summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? NetworkId { get; private set; }

    /// <summary>Its owner has given it up; it goes when no router serves it any more.</summary>
    public DateTimeOffset? ReleasedAt { get; private set; }

    /// <summary>What customers call it by: the address, or the ports that stand for one.</summary>
    public string Label => Address?.ToString() ?? $"ports {FirstPort}–{FirstPort + PortCount - 1}";

    public string? WhyNotRelease => InterfaceId is null ? null : "It is assigned to an instance: unassign it first.";

    public string? WhyNotDisassociate => InterfaceId is null ? "It isn't associated with anything." : null;

    public IEnumerable<PortForward> Forwards() =>
        FirstPort is { } first ? GuestPorts.Select((guest, place) => new PortForward(first + place, guest)) : [];

    public static PublicAddress OfPorts(string accountId, string regionId, int firstPort, string name, DateTimeOffset now) =>
        new()
        {
            Id = ResourceIds.New("eipalloc"),
            AccountId = accountId,
            RegionId = regionId,
            Name = name,
            CreatedAt = now,
            FirstPort = firstPort,
            GuestPorts = [.. UsualPorts],
        };

    public static PublicAddress OfRange(string accountId, string regionId, IPAddress address, string name, DateTimeOffset now) =>
        new()
        {
            Id = ResourceIds.New("eipalloc"),
            AccountId = accountId,
            RegionId = regionId,
            Name = name,
            CreatedAt = now,
            Address = address,
        };

    public void Associate(NetworkInterface networkInterface) =>
        (InterfaceId, NetworkId) = (networkInterface.Id, networkInterface.NetworkId);

    public void Dissociate() => InterfaceId = null;

    public void Release(DateTimeOffset now) => ReleasedAt = now;

    public Outcome LeadTo(IReadOnlyList<int> guestPorts)
    {
        if (FirstPort is null)
        {
            return Refusal.State("It is an address of its own: all ports lead to the instance.");
        }

        if (guestPorts.Count != PortCount || guestPorts.Any(port => port is < 1 or > ushort.MaxValue))
        {
            return Refusal.Invalid("A port is a number from 1 to 65535.");
        }

        if (guestPorts.GroupBy(port => port).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            return Refusal.Invalid($"Port {twice.Key} is there twice; each of the instance's ports needs one only.");
        }

        GuestPorts = [.. guestPorts];
        return Outcome.Done;
    }
}

/// <param name="Port">Of the host's loopback.</param>
public sealed record PortForward(int Port, int GuestPort);
