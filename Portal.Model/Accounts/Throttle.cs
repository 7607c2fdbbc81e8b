using System.ComponentModel.DataAnnotations;

namespace Portal.Model.Accounts;

/// <summary>
/// How often something was tried, e.g. by a network at an account: one row for all web processes, so that ten of them count as one. Read
/// and written by <see cref="Throttles"/> alone. What is counted is told by its hash only.
/// </summary>
public sealed class Throttle
{
    [MaxLength(64)]
    public required string Key { get; init; }

    public int Count { get; init; }

    /// <summary>When the count began, or where each try makes the next one wait: the last try.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>From when on it counts for nothing and may be thrown away.</summary>
    public DateTimeOffset Until { get; init; }
}
