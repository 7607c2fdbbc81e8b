using System.ComponentModel.DataAnnotations;

namespace Portal.Model.Shared;

/// <summary>A row that belongs to an account: nothing of a customer's is stored without saying whose it is.</summary>
public interface IOwned
{
    string AccountId { get; }
}

/// <summary>A row that a worker's job brings to where it should be (<see cref="IResourceJob"/>).</summary>
public interface IAdvanced : IOwned
{
    string Id { get; }
}

/// <summary>Base of what a customer names and sees: an id, an owner, a creation time, a row version.</summary>
public abstract class Resource : IAdvanced
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string Id { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    [MaxLength(255)]
    public required string Name { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>PostgreSQL's xmin: two writers of one row never overwrite each other silently.</summary>
    [Timestamp]
    public uint Version { get; private set; }
}
