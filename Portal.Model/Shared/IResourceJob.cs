namespace Portal.Model.Shared;

/// <summary>
/// Brings one resource a step nearer to its goal. Enqueued by the web after its commit, and by the sweep of its kind. Each kind has an
/// interface of its own, by which the queue finds the class that does it.
/// </summary>
public interface IResourceJob
{
    Task AdvanceAsync(string id, CancellationToken ct);
}
