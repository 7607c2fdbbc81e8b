using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// The part of an <see cref="AuditEntry"/> that tells of a person. Web and worker can add and read it; only <see cref="AuditErasure"/>
/// takes it away.
/// </summary>
public sealed class AuditPerson : IOwned
{
    public long EntryId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    /// <summary>Of whoever did it.</summary>
    [MaxLength(256)]
    public required string Email { get; init; }

    public IPAddress? From { get; init; }

    /// <summary>Those properties of the entry's JSON that are <see cref="Personal"/>, as they were; null where there are none.</summary>
    public string? Before { get; init; }

    public string? After { get; init; }
}
