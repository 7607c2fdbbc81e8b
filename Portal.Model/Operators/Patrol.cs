using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Operators;

/// <summary>
/// When a region's machines were last all looked at: what is found off was on at that moment and is billed until then, however long no
/// worker was there to see it. A table of its own, since pages watch the regions.
/// </summary>
public sealed class Patrol
{
    [Key]
    [MaxLength(ResourceIds.MaxLength)]
    public required string RegionId { get; init; }

    public required DateTimeOffset At { get; set; }
}
