using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

public enum GuestRequestKind
{
    Password,
    Key,
}

public enum GuestRequestState
{
    Pending,
    Done,
    Failed,
}

/// <summary>
/// Something that the agent inside a running guest is to change. A row of its own and not a part of its instance: what is secret of it is
/// read by its job and by no list of instances. It is wiped as soon as the request is over, and with the next request of the same instance
/// the row goes too.
/// </summary>
public sealed class GuestRequest : IAdvanced
{
    public const string Prefix = "gr";

    /// <summary>How long the agent may take. A guest that is silent for longer is its owner's business, and no operator's.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string InstanceId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    public required GuestRequestKind Kind { get; init; }

    /// <summary>Whose password or key it is, inside the guest.</summary>
    [MaxLength(64)]
    public required string User { get; init; }

    /// <summary>The password's hash, until the guest has it. See <see cref="GuestSecrets"/>.</summary>
    [MaxLength(2048)]
    public string? SealedHash { get; private set; }

    /// <summary>The key that is to open the guest; its pair may be gone by the time.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public string? KeyPairId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    public GuestRequestState State { get; private set; }

    /// <summary>Why it failed; a sentence for the customer.</summary>
    [MaxLength(1024)]
    public string? Reason { get; private set; }

    [Timestamp]
    public uint Version { get; private set; }

    public static GuestRequest Of(
        Instance instance,
        GuestRequestKind kind,
        DateTimeOffset now,
        string? sealedHash = null,
        string? keyPairId = null
    ) =>
        new()
        {
            Id = ResourceIds.New(Prefix),
            AccountId = instance.AccountId,
            InstanceId = instance.Id,
            RegionId = instance.RegionId,
            Kind = kind,
            User = instance.Image.SshUser,
            SealedHash = sealedHash,
            KeyPairId = keyPairId,
            CreatedAt = now,
            Deadline = now + Limit,
        };

    /// <summary>There is something left to do for its job.</summary>
    public bool IsUnsettled => State is GuestRequestState.Pending;

    public void ObserveDone() => (State, SealedHash) = (GuestRequestState.Done, null);

    public void Fail(string reason) => (State, Reason, SealedHash) = (GuestRequestState.Failed, reason, null);
}
