using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// An operator's word that a customer's second factor is lost and not by its owner's doing. It does nothing by itself: after some days in
/// which the mailbox could object, the next new password that is chosen by mail takes the factor away. So it takes an operator, time that
/// nobody can shorten, and the mailbox.
/// </summary>
public sealed class FactorRemoval : IOwned
{
    /// <summary>For so long the owner can say that he still has it.</summary>
    public static readonly TimeSpan Notice = TimeSpan.FromDays(3);

    /// <summary>From the operator's word on: what nobody used until then is forgotten.</summary>
    public static readonly TimeSpan Lifetime = Notice + TimeSpan.FromDays(7);

    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>Hash of what the link in the mail carries by which it is taken back.</summary>
    [MaxLength(64)]
    public required string KeepKey { get; init; }

    /// <summary>When it was used or taken back.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    public DateTimeOffset From => AskedAt + Notice;

    public DateTimeOffset Until => AskedAt + Lifetime;

    public bool Stands(DateTimeOffset now) => EndedAt is null && now < Until;

    public bool IsDue(DateTimeOffset now) => Stands(now) && now >= From;
}
