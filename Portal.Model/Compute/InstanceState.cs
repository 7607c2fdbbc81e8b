namespace Portal.Model.Compute;

/// <summary>EC2's states, and <see cref="Failed"/>. Written by the worker from what it observes.</summary>
public enum InstanceState
{
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
    Failed,
}

/// <summary>What the customer wants an instance to be. Written by the web.</summary>
public enum InstanceGoal
{
    Running,
    Stopped,
    Terminated,
}

/// <summary>The steps of a start, in their order, as the customer sees them appear.</summary>
public enum InstanceStep
{
    Accepted,
    Address,
    Disk,
    Boot,
    Ssh,
}
