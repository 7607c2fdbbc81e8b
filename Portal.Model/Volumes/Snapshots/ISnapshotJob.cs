using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>Advances snapshots (<c>snap-…</c>).</summary>
public interface ISnapshotJob : IResourceJob;
