using Portal.Model.Shared;

namespace Portal.Model.Storage;

/// <summary>Advances volumes (<c>vol-…</c>).</summary>
public interface IVolumeJob : IResourceJob;
