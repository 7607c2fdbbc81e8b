using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>
/// A virtual machine. The web writes what is wanted (<see cref="Goal"/>, <see cref="Deadline"/>), the worker what it observes
/// (<see cref="State"/>, the steps, <see cref="LastError"/>). The rules of both are in the other parts of this class.
/// </summary>
public sealed partial class Instance : Resource, ITagged
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string ProjectId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string ImageId { get; set; }

    public Image Image { get; set; } = null!;

    [MaxLength(32)]
    public required string SizeId { get; set; }

    public required int Vcpus { get; set; }

    public required int MemoryMiB { get; set; }

    /// <summary>The public key as it was when the instance got it: deleting the key pair changes nothing here.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? KeyPairId { get; set; }

    [MaxLength(255)]
    public string? KeyName { get; set; }

    [MaxLength(16384)]
    public string? PublicKey { get; set; }

    /// <summary>
    /// cloud-init user data as it is typed: what is no text in base64. The guest gets <see cref="Compute.UserData.Sent"/> of it, at most
    /// <see cref="Compute.UserData.MaxBytes"/> bytes.
    /// </summary>
    public string? UserData { get; set; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string NetworkId { get; init; }

    /// <summary>Its interfaces; empty once it is terminated.</summary>
    public ICollection<NetworkInterface> Interfaces { get; } = [];

    /// <summary>What it has and is to have, the root disk among them.</summary>
    public ICollection<Volume> Volumes { get; } = [];

    /// <summary>That of its first interface, which keeps it for life; here for lists, and for the time after.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>The port of the region's public host that leads to this instance's port 22. Null once terminated.</summary>
    public int? PublicPort { get; set; }

    /// <summary>The form's token and the place in its row of instances: a retried post finds what the first made.</summary>
    [MaxLength(64)]
    public required string RequestToken { get; init; }

    public required int RequestIndex { get; init; }

    public Dictionary<string, string> Tags { get; init; } = new(StringComparer.Ordinal);

    public InstanceGoal Goal { get; private set; }

    public InstanceState State { get; private set; }

    /// <summary>Its account's suspension stopped it, and the end of that starts it again.</summary>
    public bool IsSuspended { get; private set; }

    /// <summary>By when the goal should be reached; past it an incident opens. Null when nothing is under way.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>Why it failed; a sentence for the customer.</summary>
    [MaxLength(2048)]
    public string? LastError { get; private set; }

    /// <summary>Why the request waits, when it does: the engine is away, and since when.</summary>
    [MaxLength(2048)]
    public string? Waiting { get; private set; }

    /// <summary>Why it stands still although it is on, when it does; a sentence for the customer.</summary>
    [MaxLength(2048)]
    public string? Stalled { get; private set; }

    /// <summary>Counts the reboots asked for and done; unequal means one is under way.</summary>
    public int RebootsWanted { get; private set; }

    public int RebootsDone { get; private set; }

    /// <summary>When the run that its steps tell of was asked for: the creation, the last start or the last reboot.</summary>
    public DateTimeOffset? RequestedAt { get; private set; }

    public DateTimeOffset? AddressAt { get; private set; }

    public DateTimeOffset? DiskAt { get; private set; }

    public DateTimeOffset? BootAt { get; private set; }

    public DateTimeOffset? SshAt { get; private set; }

    /// <summary>The guest's ed25519 host key as it printed it on its serial console: <c>ssh-ed25519 AAAA…</c></summary>
    [MaxLength(1024)]
    public string? HostKey { get; private set; }

    public DateTimeOffset? TerminatedAt { get; private set; }
}
