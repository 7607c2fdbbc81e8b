using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>What a customer asks for. Nothing in it has been checked.</summary>
public sealed record NewInstances
{
    public required string Name { get; init; }

    /// <summary>Of the catalogue, or one of the account's own.</summary>
    public required string ImageId { get; init; }

    public required string SizeId { get; init; }

    /// <summary>
    /// A snapshot of a root disk that began as <see cref="ImageId"/>: the new root disks begin as it; null for the image itself.
    /// </summary>
    public string? SnapshotId { get; init; }

    /// <summary>A key pair of the account; or null, and <see cref="PublicKey"/> is kept as a new one.</summary>
    public string? KeyPairId { get; init; }

    /// <summary>
    /// One OpenSSH line, pasted or made in the browser. Null without a <see cref="KeyPairId"/>: an instance without a key.
    /// </summary>
    public string? PublicKey { get; init; }

    /// <summary>What the new key pair is to be called; its comment or the instance's name if empty.</summary>
    public string? KeyName { get; init; }

    public string? UserData { get; init; }

    public int Count { get; init; } = 1;

    /// <summary>Where its first interface is; null for the first subnet of the account's oldest network.</summary>
    public string? SubnetId { get; init; }

    /// <summary>The groups of its first interface, of the subnet's network; empty for the network's default group.</summary>
    public IReadOnlyList<string> SecurityGroupIds { get; init; } = [];

    /// <summary>Whether a public address is allocated for each, and led to it.</summary>
    public bool WithAddress { get; init; }

    /// <summary>What each of them has besides its root disk, in this order.</summary>
    public IReadOnlyList<ExtraVolume> Volumes { get; init; } = [];

    /// <summary>Made by the form when it was opened, up to 64 characters: the same request sent twice is one.</summary>
    public required string RequestToken { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>A volume that is made together with an instance, for it.</summary>
/// <param name="SnapshotId">The snapshot that it is to begin as; null for an empty one.</param>
public sealed record ExtraVolume(
    int SizeGiB,
    string TypeId = VolumeType.Standard,
    string? SnapshotId = null,
    bool DeleteOnTermination = false
);
