using System.ComponentModel.DataAnnotations;

namespace Portal.Model.Billing;

/// <summary>A webhook as it arrived: stored once by its id, applied by a job, replayable.</summary>
public sealed class StripeEvent
{
    /// <summary><c>evt_…</c>.</summary>
    [MaxLength(255)]
    public required string Id { get; init; }

    [MaxLength(255)]
    public required string Type { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required string Payload { get; init; }

    /// <summary>When the job had fetched the object's current state and applied it, or found that the type does not matter here.</summary>
    public DateTimeOffset? AppliedAt { get; set; }

    /// <summary>Portal has no use for this type.</summary>
    public bool IsIgnored { get; set; }

    /// <summary>When the worker tries (again) to apply it.</summary>
    public DateTimeOffset ApplyAt { get; set; }

    public int Attempts { get; set; }

    /// <summary>Why the last attempt failed, for operators.</summary>
    [MaxLength(2048)]
    public string? Problem { get; set; }
}
