using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Accounts;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Model.Buckets;

internal sealed class BucketTables
    : IEntityTypeConfiguration<Bucket>,
        IEntityTypeConfiguration<AccessKey>,
        IEntityTypeConfiguration<ObjectStoreUser>,
        IEntityTypeConfiguration<ObjectStoreChange>,
        IEntityTypeConfiguration<ObjectOperation>
{
    public void Configure(EntityTypeBuilder<Bucket> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<Project>().WithMany().HasForeignKey(bucket => bucket.ProjectId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne<ObjectStoreUser>().WithMany().HasForeignKey(bucket => bucket.UserId).OnDelete(DeleteBehavior.Restrict);
        builder.HasIndex(bucket => new { bucket.AccountId, bucket.RequestToken }).IsUnique();

        // A name belongs to one bucket of the store at a time; one that could not be made has none.
        builder.HasIndex(bucket => new { bucket.RegionId, bucket.Name }).IsUnique().HasFilter("\"State\" NOT IN ('Deleted', 'Failed')");
        builder.HasIndex(bucket => new { bucket.RegionId, bucket.State });
    }

    public void Configure(EntityTypeBuilder<AccessKey> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<Project>().WithMany().HasForeignKey(key => key.ProjectId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne<ObjectStoreUser>().WithMany().HasForeignKey(key => key.UserId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne<Bucket>().WithMany().HasForeignKey(key => key.BucketId).OnDelete(DeleteBehavior.Restrict);
        builder.HasIndex(key => new { key.AccountId, key.RequestToken }).IsUnique();
        builder.HasIndex(key => key.AccessKeyId).IsUnique();
        builder.HasIndex(key => new { key.RegionId, key.State });
    }

    public void Configure(EntityTypeBuilder<ObjectStoreChange> builder)
    {
        builder.ToTable("ObjectStoreChanges");
        builder.BelongsToAccount();
        builder.HasOne<Region>().WithOne().HasForeignKey<ObjectStoreChange>(change => change.Id);
    }

    public void Configure(EntityTypeBuilder<ObjectOperation> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<Bucket>().WithMany().HasForeignKey(operation => operation.BucketId).OnDelete(DeleteBehavior.Restrict);
        builder.HasIndex(operation => new { operation.RegionId, operation.State });
        builder.Property(operation => operation.What).AsJson();
        builder.Property(operation => operation.Move).AsJson();
        builder.Property(operation => operation.Problems).AsJson();
        builder.Property(operation => operation.Cursor).AsJson();
        builder.Property(operation => operation.Batch).AsJson();
    }

    public void Configure(EntityTypeBuilder<ObjectStoreUser> builder)
    {
        builder.ToTable("ObjectStoreUsers");
        builder.BelongsToAccount();
        builder.HasOne<Project>().WithMany().HasForeignKey(user => user.ProjectId).OnDelete(DeleteBehavior.Restrict);
        builder.HasIndex(user => new { user.ProjectId, user.RegionId }).IsUnique();
    }
}
