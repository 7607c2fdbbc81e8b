using Portal.Model.Shared;

namespace Portal.Model.Storage;

/// <summary>Advances snapshots (<c>snap-…</c>).</summary>
public interface ISnapshotJob : IResourceJob;
