namespace Portal.Model.Buckets;

/// <summary>Written by the worker from what it observes.</summary>
public enum BucketState
{
    Creating,
    Available,
    Deleting,
    Deleted,

    /// <summary>It could not be made: its name belongs to somebody else, for example.</summary>
    Failed,
}

/// <summary>What the customer wants a bucket to be. Written by the web.</summary>
public enum BucketGoal
{
    Available,
    Deleted,
}
