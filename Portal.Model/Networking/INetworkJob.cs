using Portal.Model.Shared;

namespace Portal.Model.Networking;

/// <summary>Applies networks (<c>vpc-…</c>) to the engine as they were changed, and removes those that are deleted.</summary>
public interface INetworkJob : IResourceJob;

/// <summary>Plugs interfaces (<c>eni-…</c>) in and out.</summary>
public interface IInterfaceJob : IResourceJob;
