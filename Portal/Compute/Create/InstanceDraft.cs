using Portal.Model.Compute;
using Portal.Model.Volumes;
using Portal.Shared;

namespace Portal.Compute;

/// <summary>By which key a new instance is opened.</summary>
public enum KeyChoice
{
    Made,
    Pasted,
    Kept,
}

/// <summary>What is chosen and typed on the create page.</summary>
public sealed class InstanceWish
{
    public string Name { get; set; } = "";

    public string ImageId { get; set; } = "";

    /// <summary>Of one's own images; null for the catalogue's.</summary>
    public string? OwnImageId { get; set; }

    public string? SnapshotId { get; set; }

    public string SizeId { get; set; } = "";

    public KeyChoice Key { get; set; }

    public string? KeyPairId { get; set; }

    public string PublicKey { get; set; } = "";

    public string UserData { get; set; } = "";

    public string? SubnetId { get; set; }

    /// <summary>Null until something is ticked.</summary>
    public HashSet<string>? GroupIds { get; set; }

    public bool WithAddress { get; set; }

    public List<VolumeRow> Volumes { get; set; } = [];

    public int Count { get; set; } = 1;

    public List<TagRow> Tags { get; set; } = [];
}

/// <summary>
/// The create page as the tab keeps it, so that a reload loses nothing and makes nothing twice. User data is in it, since the tab has it in
/// its field anyway and it may be long work; a private key is not.
/// </summary>
/// <param name="Token">The request's, by which what it made is found again.</param>
/// <param name="IsSent">Create was pressed, and no answer has come.</param>
public sealed record InstanceDraft(string Token, bool IsSent, InstanceWish Wish)
{
    /// <summary>It came from a browser: what a page could not have kept is not shown.</summary>
    public bool IsSane =>
        this
            is {
                Token.Length: > 0 and <= 64,
                Wish:
                {
                    Name.Length: <= 300,
                    ImageId: not null,
                    SizeId: not null,
                    UserData.Length: <= Model.Compute.UserData.MaxTyped,
                    PublicKey.Length: <= 20_000,
                    Volumes.Count: <= VolumeDevices.Most,
                    Count: > 0 and <= CreateInstance.MaxCount,
                    Tags.Count: <= 100
                } wish,
            }
        && Enum.IsDefined(wish.Key)
        && wish.Volumes.All(row => row is { Size: not null, TypeId: not null })
        && wish.Tags.All(tag => tag is { Key: not null, Value: not null });
}
