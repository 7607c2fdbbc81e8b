using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// One sign-in of one browser. The cookie carries its id; a revoked session ends at its next request and closes its circuits. So does one
/// that is over: the end is set at the sign-in, and nothing moves it.
/// </summary>
public sealed class Session : IOwned
{
    /// <summary>Of one that its owner wanted to keep.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(14);

    /// <summary>Of any other, however much it is used.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>How long any other stands without being used.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromHours(12);

    /// <summary>Of an operator, and how long one stands without being used.</summary>
    public static readonly TimeSpan OperatorLifetime = TimeSpan.FromHours(12);

    public static readonly TimeSpan OperatorLongestPause = TimeSpan.FromMinutes(30);

    /// <summary>Of one person at a time: beyond it a sign-in ends the ones that were used longest ago.</summary>
    public const int Most = 50;

    /// <summary>For how long it is believed that the owner still sits there.</summary>
    public static readonly TimeSpan ProofLifetime = TimeSpan.FromMinutes(15);

    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>How long it stands without being used; null if that is no matter.</summary>
    public TimeSpan? IdleLimit { get; init; }

    public DateTimeOffset LastSeenAt { get; set; }

    public IPAddress? From { get; set; }

    [MaxLength(512)]
    public string? UserAgent { get; set; }

    /// <summary>The browser that is known by it: forgotten when somebody ends the session.</summary>
    public Guid? DeviceId { get; init; }

    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>When a password, a code or a passkey last showed that it is the owner, the sign-in included.</summary>
    public DateTimeOffset? ProvenAt { get; set; }

    /// <summary>When a code or a passkey did; null if none has in this session.</summary>
    public DateTimeOffset? FactorAt { get; set; }

    /// <summary>
    /// Whether the newest proof is not old, and <paramref name="actor"/> is who gave it: whoever holds a copy of the cookie, or a page that
    /// was opened with it, does not ride on what the owner proves in his own browser.
    /// </summary>
    public bool IsFresh(Actor actor, DateTimeOffset now) => now - ProvenAt <= ProofLifetime && actor.ProvenAt >= ProvenAt;

    /// <inheritdoc cref="IsFresh"/>
    public bool IsFactorFresh(Actor actor, DateTimeOffset now) => now - FactorAt <= ProofLifetime && actor.FactorAt >= FactorAt;

    public bool Stands(DateTimeOffset now) =>
        RevokedAt is null && now < EndsAt && (IdleLimit is not { } limit || now - LastSeenAt <= limit);
}
