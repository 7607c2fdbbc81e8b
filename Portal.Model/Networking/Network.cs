using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// A private network (VPC): an address range that belongs to one account and that nobody else can reach. Its engine holds it only while an
/// instance is in it. Whatever of it changes (a rule, a member's groups, a subnet) counts its <see cref="Generation"/> up; the worker
/// applies the whole network and writes down which generation that was.
/// </summary>
public sealed class Network : Resource, ITagged
{
    /// <summary>How long the engine may be behind before the operators are told.</summary>
    public static readonly TimeSpan ApplyLimit = TimeSpan.FromMinutes(1);

    /// <summary>How long its instances may take to go, and it after them.</summary>
    public static readonly TimeSpan DeleteLimit = TimeSpan.FromMinutes(5);

    [MaxLength(ResourceIds.MaxLength)]
    public required string ProjectId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    public required IPNetwork Range { get; init; }

    public ICollection<Subnet> Subnets { get; } = [];

    public Dictionary<string, string> Tags { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The form's token: a retried post finds what the first made.</summary>
    [MaxLength(64)]
    public string? RequestToken { get; init; }

    /// <summary>Counts the changes that the engine must follow.</summary>
    public long Generation { get; private set; }

    /// <summary>When <see cref="Generation"/> last went up.</summary>
    public DateTimeOffset? ChangedAt { get; private set; }

    /// <summary>The generation that the engine last followed.</summary>
    public long AppliedGeneration { get; private set; }

    /// <summary>Whether its instances are to reach the Internet through its address translation, and whether they do.</summary>
    public bool IsNatWanted { get; private set; }

    public bool IsNatOn { get; private set; }

    /// <summary>Why the engine is behind, when it is: a sentence for the customer.</summary>
    [MaxLength(2048)]
    public string? Waiting { get; private set; }

    /// <summary>Since when it is being deleted, and when it was: its row stays, as those of its terminated instances do.</summary>
    public DateTimeOffset? DeletingSince { get; private set; }

    public DateTimeOffset? DeletedAt { get; private set; }

    public bool IsApplied => AppliedGeneration >= Generation;

    public bool IsUnsettled => DeletedAt is null && (!IsApplied || DeletingSince is not null);

    /// <summary>The state in words.</summary>
    public string Status =>
        DeletedAt is not null ? "deleted"
        : DeletingSince is not null ? "deleting"
        : IsApplied ? "available"
        : "updating";

    public string? WhyNotChange => DeletingSince is null ? null : $"The network is {(DeletedAt is null ? "being deleted" : "deleted")}.";

    /// <summary>Something of it was changed that its members must follow. The number of this change.</summary>
    public long Change(DateTimeOffset now)
    {
        ChangedAt = now;
        return ++Generation;
    }

    public void WantNat(bool on, DateTimeOffset now)
    {
        IsNatWanted = on;
        Change(now);
    }

    public void RequestDelete(DateTimeOffset now)
    {
        (DeletingSince, IsNatWanted) = (now, false);
        Change(now);
    }

    public void Wait(string sentence) => Waiting = sentence;

    /// <summary>The engine holds nothing of it any more.</summary>
    public void ObserveDeleted(DateTimeOffset now) => (DeletedAt, IsNatOn, Waiting) = (now, false, null);
}
