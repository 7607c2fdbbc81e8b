using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// A browser in which somebody has signed in: it may try again however much others guess at the account, and its next sign-in is no news. A
/// cookie of the browser holds the id, sealed. It lets nobody in by itself.
/// </summary>
public sealed class KnownDevice : IOwned
{
    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The last sign-in.</summary>
    public required DateTimeOffset UsedAt { get; set; }
}
