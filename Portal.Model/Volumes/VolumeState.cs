namespace Portal.Model.Volumes;

/// <summary>EC2's states. Written by the worker from what it observes; what is on its way follows from <see cref="VolumeGoal"/>.</summary>
public enum VolumeState
{
    /// <summary>Accepted, and not there yet.</summary>
    Creating,

    /// <summary>There, and no instance has it.</summary>
    Available,

    InUse,
    Deleted,

    /// <summary>It could not be made; <see cref="Volume.LastError"/> tells why.</summary>
    Error,
}

/// <summary>What the customer wants of a volume. Written by the web.</summary>
public enum VolumeGoal
{
    Available,
    InUse,
    Deleted,
}
