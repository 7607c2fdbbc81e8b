using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>
/// An interface of an instance (ENI): an address in a subnet, a MAC, and the security groups that hold for it. It lives and ends with its
/// instance; all interfaces of an instance are in one network. The first one is made with the instance and stays.
/// </summary>
public sealed partial class NetworkInterface : IAdvanced
{
    /// <summary><c>eni-…</c>.</summary>
    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string InstanceId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string NetworkId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string SubnetId { get; init; }

    public Subnet Subnet { get; init; } = null!;

    public required IPAddress Address { get; init; }

    /// <summary>
    /// 0 for the instance's first interface, which has its name and its default route; the others are numbered as they were added.
    /// </summary>
    public required int Position { get; init; }

    public ICollection<InterfaceGroup> Groups { get; } = [];

    public required DateTimeOffset CreatedAt { get; init; }

    [Timestamp]
    public uint Version { get; private set; }

    public bool IsPrimary => Position == 0;

    public InterfaceState State { get; private set; } = InterfaceState.InUse;

    /// <summary>Its owner wants it gone.</summary>
    public bool IsDeleting { get; private set; }

    /// <summary>By when it should be in or out; past it an incident opens. Null when nothing is under way.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>Why it is still under way, when there is a reason: a sentence for the customer.</summary>
    [MaxLength(2048)]
    public string? Waiting { get; private set; }

    /// <summary>A locally administered MAC that follows from the id, so that nothing has to remember it.</summary>
    public string Mac => MacOf(Id);

    /// <summary>Needs <see cref="Subnet"/>.</summary>
    public InterfaceSpec Spec => new(Id, Subnet.Range, Subnet.Gateway, Address, Mac);

    public static string MacOf(string id)
    {
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes(id));
        return $"52:54:{hash[0]:x2}:{hash[1]:x2}:{hash[2]:x2}:{hash[3]:x2}";
    }

    /// <summary>Puts it into these groups and no others.</summary>
    public void SetGroups(IEnumerable<string> groupIds)
    {
        Groups.Clear();
        foreach (var groupId in groupIds)
        {
            Groups.Add(
                new InterfaceGroup
                {
                    AccountId = AccountId,
                    InterfaceId = Id,
                    SecurityGroupId = groupId,
                }
            );
        }
    }
}

public enum InterfaceState
{
    Attaching,
    InUse,
    Detaching,
}

/// <summary>An interface's membership in a security group.</summary>
public sealed class InterfaceGroup : IOwned
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string InterfaceId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string SecurityGroupId { get; init; }
}
