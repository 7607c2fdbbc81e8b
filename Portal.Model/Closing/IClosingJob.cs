using Portal.Model.Shared;

namespace Portal.Model.Closing;

/// <summary>Of an account that closes.</summary>
public interface IClosingJob : IResourceJob;
