using System.ComponentModel.DataAnnotations;
using System.Net;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>One sign-in of one browser. The cookie carries its id; a revoked session ends at its next request and closes its circuits.</summary>
public sealed class Session : IOwned
{
    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset LastSeenAt { get; set; }

    public IPAddress? From { get; set; }

    [MaxLength(512)]
    public string? UserAgent { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }
}
