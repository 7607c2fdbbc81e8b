using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>Advances volumes (<c>vol-…</c>).</summary>
public interface IVolumeJob : IResourceJob;
