using System.Net;

namespace Portal.Model.Accounts;

/// <summary>The signed-in person on whose behalf something happens; every query and every audit row starts from here.</summary>
public sealed record Actor(string AccountId, Guid UserId, string Email, IPAddress? From)
{
    internal const string PortalName = "portal";

    /// <summary>The sign-in by which the person acts; null for what Portal does by itself.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>
    /// When a password, a code or a passkey showed last, in this very browser or circuit, that it is the owner. The session may have a
    /// later proof, which was given elsewhere: a copy of its cookie does not share in it.
    /// </summary>
    public DateTimeOffset? ProvenAt { get; init; }

    /// <summary>The same of a code or a passkey.</summary>
    public DateTimeOffset? FactorAt { get; init; }

    /// <summary>What Portal does by itself, in the worker.</summary>
    public static Actor Portal(string accountId) => new(accountId, Guid.Empty, PortalName, null);

    /// <summary>Somebody who is not signed in, and tried what belongs to this account.</summary>
    public static Actor Stranger(string accountId, IPAddress? from) => new(accountId, Guid.Empty, "somebody", from);

    /// <param name="before">What tells of a person in it, or in <paramref name="after"/>, is a <see cref="Personal"/>.</param>
    public AuditEntry Audit(DateTimeOffset at, string action, string? resourceId, object? before = null, object? after = null) =>
        new()
        {
            AccountId = AccountId,
            At = at,
            UserId = UserId == Guid.Empty ? null : UserId,
            Action = action,
            ResourceId = resourceId,
            Before = Personal.Keep(before),
            After = Personal.Keep(after),
            Person =
                Email is PortalName && From is null
                    ? null
                    : new AuditPerson
                    {
                        AccountId = AccountId,
                        Email = Email,
                        From = From,
                        Before = Personal.Split(before),
                        After = Personal.Split(after),
                    },
        };
}
