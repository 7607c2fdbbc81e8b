using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// A private network (VPC): an address range that belongs to one account and that nobody else can reach. Its engine holds it only while an
/// instance is in it. Whatever of it changes (a rule, a member's groups, a subnet) counts its <see cref="Generation"/> up; the worker
/// applies the whole network and writes down which generation that was.
/// </summary>
public sealed class Network : Resource
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string ProjectId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    public required IPNetwork Range { get; init; }

    public ICollection<Subnet> Subnets { get; } = [];

    public Dictionary<string, string> Tags { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Counts the changes that the engine must follow.</summary>
    public long Generation { get; private set; }

    /// <summary>When <see cref="Generation"/> last went up.</summary>
    public DateTimeOffset? ChangedAt { get; private set; }

    /// <summary>The generation that the engine last followed.</summary>
    public long AppliedGeneration { get; private set; }

    public bool IsApplied => AppliedGeneration >= Generation;

    /// <summary>Something of it was changed that its members must follow. The number of this change.</summary>
    public long Change(DateTimeOffset now)
    {
        ChangedAt = now;
        return ++Generation;
    }
}
