using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>Who did what, from where: written in the transaction of the change itself and never changed afterwards.</summary>
public sealed class AuditEntry : IOwned
{
    public long Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>E-mail of the person, or <c>portal</c> for what the worker did by itself.</summary>
    [MaxLength(256)]
    public required string Actor { get; init; }

    public IPAddress? From { get; init; }

    /// <summary>The verb in EC2's manner: <c>RunInstances</c>, <c>StopInstances</c>, <c>AttachCard</c>.</summary>
    [MaxLength(64)]
    public required string Action { get; init; }

    /// <summary>The resource's id, if there is one.</summary>
    [MaxLength(255)]
    public string? ResourceId { get; init; }

    /// <summary>What it was and what it became, as JSON; null where there is nothing to tell.</summary>
    public string? Before { get; init; }

    public string? After { get; init; }
}
