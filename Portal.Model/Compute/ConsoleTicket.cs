using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>
/// A short-lived, single-use permission to open one console. The browser holds the secret; the row holds its SHA-256. The worker of the
/// region is told by notification, opens the engine's stream and dials back to the web, so that a worker never needs to be reachable.
/// </summary>
public sealed class ConsoleTicket : IOwned
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    public required Guid Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    public required Guid UserId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string InstanceId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    public required ConsoleKind Kind { get; init; }

    public required byte[] SecretHash { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the browser opened it; a second use is refused.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>What the worker shows to the web when it dials back: who reads it can read the database. Made at the use.</summary>
    public byte[]? WorkerSecret { get; set; }

    /// <summary>Where the web process that holds the browser's socket listens for the worker.</summary>
    [MaxLength(2048)]
    public string? RelayUrl { get; set; }
}
