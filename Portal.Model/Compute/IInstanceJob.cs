namespace Portal.Model.Compute;

/// <summary>Brings one instance a step nearer to its goal. Enqueued by the web after its commit, and by the sweep.</summary>
public interface IInstanceJob
{
    Task AdvanceAsync(string id, CancellationToken ct);
}
