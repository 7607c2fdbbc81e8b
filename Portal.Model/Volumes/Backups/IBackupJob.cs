using Portal.Model.Shared;

namespace Portal.Model.Volumes;

/// <summary>Takes the backups of schedules (<c>policy-…</c>) that are due, and removes those that are too many.</summary>
public interface IBackupJob : IResourceJob;
