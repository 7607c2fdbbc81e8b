using System.Text.Json.Serialization;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

/// <summary>By which key a new instance is opened.</summary>
public enum KeyChoice
{
    Made,
    Pasted,
    Kept,
}

/// <summary>What is chosen and typed on the create page, whether it makes sense or not; <see cref="NewInstances"/> is made of it.</summary>
public sealed class InstanceForm
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

    /// <summary>What is wrong with the name; null for nothing, or if nobody has touched it yet.</summary>
    [JsonIgnore]
    public string? NameProblem { get; private set; }

    /// <summary>What is wrong with the key that was pasted; null for nothing, or if none was yet.</summary>
    [JsonIgnore]
    public string? KeyProblem { get; private set; }

    public void Rename(string? name) => (Name, NameProblem) = (name ?? "", ResourceName.Check(name).Reason);

    public void Choose(KeyChoice choice) => (Key, KeyProblem) = (choice, PublicKey.Length == 0 ? null : KeyProblem);

    public void Paste(string? line) => (PublicKey, KeyProblem) = (line ?? "", SshPublicKey.Parse(line).Reason);

    /// <summary>Looks at what a tab has kept as if it had just been typed.</summary>
    public void LookAgain()
    {
        Rename(Name);
        KeyProblem = PublicKey.Length == 0 ? null : SshPublicKey.Parse(PublicKey).Reason;
    }
}
