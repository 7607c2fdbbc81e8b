using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>Advances instances (<c>i-…</c>).</summary>
public interface IInstanceJob : IResourceJob;
