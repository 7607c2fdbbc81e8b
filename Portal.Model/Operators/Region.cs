using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Operators;

/// <summary>An engine somewhere, and what its worker last said of it.</summary>
public sealed class Region
{
    /// <summary>As at Amazon a short name, e.g. <c>local</c>; also the name of its Hangfire queue.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    [MaxLength(255)]
    public required string Name { get; set; }

    /// <summary>Which driver: <c>libvirt</c>.</summary>
    [MaxLength(32)]
    public required string Engine { get; set; }

    /// <summary>First and last port of this host at which instances' port 22 is published.</summary>
    public int FirstPublicPort { get; set; }

    public int LastPublicPort { get; set; }

    /// <summary>
    /// First and last port of this host that stand for public addresses, ten for each, while there is no <see cref="PublicRange"/>.
    /// </summary>
    public int FirstAddressPort { get; set; }

    public int LastAddressPort { get; set; }

    /// <summary>Public addresses that are routed to the engine, as it says itself; null if there are none.</summary>
    public IPNetwork? PublicRange { get; set; }

    /// <summary>Whether the engine has a way to the outside, which networks may then be given.</summary>
    public bool HasUplink { get; set; }

    /// <summary>The address at which customers reach the published ports.</summary>
    [MaxLength(255)]
    public required string PublicHost { get; set; }

    /// <summary>When the engine last answered, and since when it does not.</summary>
    public DateTimeOffset? SeenAt { get; set; }

    public DateTimeOffset? AwaySince { get; set; }

    [MaxLength(1024)]
    public string? AwayReason { get; set; }

    /// <summary>How guests run, as the engine found by booting one: e.g. <c>KVM</c> or <c>TCG (software emulation): …</c></summary>
    [MaxLength(255)]
    public string? Virtualization { get; set; }

    /// <summary>The limits of the way outside that the networks' rules were last written with, as its worker spells them.</summary>
    [MaxLength(255)]
    public string? UplinkLimits { get; set; }

    /// <summary>What stands between its guests, as <see cref="Compute.GuestWalls"/> names it; null where the engine does not say.</summary>
    [MaxLength(255)]
    public string? Walls { get; set; }

    /// <summary>Guests that run since before they had a user of their own, and get it at their next stop.</summary>
    public int GuestsWaiting { get; set; }

    /// <summary>Guests run in software, many times slower than elsewhere. False while the engine has not said.</summary>
    public bool IsEmulated => Virtualization?.StartsWith("TCG", StringComparison.Ordinal) is true;

    public int TotalVcpus { get; set; }

    public int FreeVcpus { get; set; }

    public int TotalMemoryMiB { get; set; }

    public int FreeMemoryMiB { get; set; }

    public int TotalDiskGiB { get; set; }

    public int FreeDiskGiB { get; set; }

    [Timestamp]
    public uint Version { get; private set; }
}

/// <summary>
/// Something that an operator should know of; opened once per resource and kind, and closed by itself when the cause is gone.
/// </summary>
public sealed class Incident
{
    public long Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public string? AccountId { get; init; }

    [MaxLength(255)]
    public required string ResourceId { get; init; }

    /// <summary>E.g. <c>deadline</c>, <c>orphan</c>, <c>engine-away</c>.</summary>
    [MaxLength(64)]
    public required string Kind { get; init; }

    [MaxLength(2048)]
    public required string Message { get; set; }

    public required DateTimeOffset OpenedAt { get; init; }

    public DateTimeOffset? ClosedAt { get; set; }
}
