using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>Hands one <see cref="GuestRequest"/> to its guest's agent.</summary>
public interface IGuestRequestJob : IResourceJob;
