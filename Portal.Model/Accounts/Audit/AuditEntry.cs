using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// Who did what: written in the transaction of the change itself and never changed afterwards, which the database sees to
/// (<see cref="DatabaseObjects"/>, <see cref="DatabaseRights"/>). It is kept for ever and therefore holds ids; what tells of a person is in
/// <see cref="Person"/>, which can be erased.
/// </summary>
public sealed class AuditEntry : IOwned
{
    /// <summary>Instead of what was erased.</summary>
    public const string Erased = "erased";

    public long Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Whose hand it was; null for what Portal did by itself.</summary>
    public Guid? UserId { get; init; }

    /// <summary>The verb in EC2's manner: <c>RunInstances</c>, <c>StopInstances</c>, <c>AttachCard</c>.</summary>
    [MaxLength(64)]
    public required string Action { get; init; }

    /// <summary>The resource's id, if there is one.</summary>
    [MaxLength(255)]
    public string? ResourceId { get; init; }

    /// <summary>
    /// What it was and what it became, as JSON; null where there is nothing to tell. A <see cref="Personal"/> value is told as erased here,
    /// and in <see cref="Person"/> as it was.
    /// </summary>
    public string? Before { get; init; }

    public string? After { get; init; }

    /// <summary>Comes with every entry that is read; null if there is nothing personal in it, or no more.</summary>
    public AuditPerson? Person { get; init; }

    /// <summary>The person's e-mail, or <c>portal</c> for what the worker did by itself.</summary>
    public string Who =>
        Person is { } person ? MailDomain.Shown(person.Email)
        : UserId is null ? Actor.PortalName
        : Erased;
}
