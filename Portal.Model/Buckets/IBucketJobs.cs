using Portal.Model.Shared;

namespace Portal.Model.Buckets;

/// <summary>Makes, empties and deletes buckets (<c>bkt-…</c>).</summary>
public interface IBucketJob : IResourceJob;

/// <summary>Hands access keys (<c>ak-…</c>) to the store and takes them back.</summary>
public interface IAccessKeyJob : IResourceJob;

/// <summary>Makes, suspends and removes the store's users (<c>s3u-…</c>).</summary>
public interface IObjectStoreUserJob : IResourceJob;

/// <summary>Deletes and moves objects (<c>objop-…</c>).</summary>
public interface IObjectOperationJob : IResourceJob;
