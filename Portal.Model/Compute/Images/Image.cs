using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

public enum ImageState
{
    /// <summary>Being built or fetched; shown in the catalogue but not yet to be chosen.</summary>
    Preparing,
    Available,
    Failed,
    Retired,
}

/// <summary>What an instance's root disk starts as. Belongs to the operators; every account may use it.</summary>
public sealed class Image
{
    /// <summary><c>ami-…</c>.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    [MaxLength(255)]
    public required string Name { get; set; }

    [MaxLength(1024)]
    public string Description { get; set; } = "";

    /// <summary>The account that cloud-init prepares for ssh, e.g. <c>root</c> or <c>debian</c>.</summary>
    [MaxLength(64)]
    public required string SshUser { get; init; }

    /// <summary>Name of the file in the engine's image folder; null until it is there.</summary>
    [MaxLength(255)]
    public required string FileName { get; init; }

    /// <summary>Where it is fetched from, if an operator added it by address; null for what <c>bin/up</c> builds.</summary>
    [MaxLength(2048)]
    public string? Url { get; init; }

    /// <summary>SHA-256 of what the address answers, in hexadecimal.</summary>
    [MaxLength(64)]
    public string? Sha256 { get; init; }

    public required int MinDiskGiB { get; init; }

    public required int MinMemoryMiB { get; init; }

    public ImageState State { get; set; }

    [MaxLength(1024)]
    public string? LastError { get; set; }

    /// <summary>While it is fetched, in bytes: how much has come, and of how many if the address tells that.</summary>
    public long? Fetched { get; set; }

    public long? FetchedOf { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    [Timestamp]
    public uint Version { get; private set; }

    /// <summary>Why nothing can be started from it now; null if it can.</summary>
    public string? WhyNot =>
        State switch
        {
            ImageState.Available => null,
            ImageState.Preparing => $"{Name} is still being prepared.",
            ImageState.Failed => $"{Name} could not be prepared; an operator has been told.",
            _ => $"{Name} is no longer offered.",
        };

    /// <summary>Why a machine of this size cannot start from it; null if it can.</summary>
    public string? WhyNotOn(InstanceSize size) => WhyNot ?? WhyNotFit(size);

    /// <summary>The same for what began as it and is kept: that can be started from for ever, whatever became of the image.</summary>
    public string? WhyNotFit(InstanceSize size) =>
        size.MemoryMiB < MinMemoryMiB ? $"{Name} needs {MinMemoryMiB} MiB of memory; {size.Id} has {size.MemoryMiB}."
        : size.DiskGiB < MinDiskGiB ? $"{Name} needs a disk of {MinDiskGiB} GiB; {size.Id} has {size.DiskGiB}."
        : null;
}
