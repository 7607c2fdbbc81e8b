using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

internal sealed class PrivateImageTables : IEntityTypeConfiguration<PrivateImage>
{
    public void Configure(EntityTypeBuilder<PrivateImage> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne(image => image.Base).WithMany().HasForeignKey(image => image.BaseId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne(image => image.Instance).WithMany().HasForeignKey(image => image.InstanceId).OnDelete(DeleteBehavior.Restrict);
        builder
            .HasOne(image => image.Snapshot)
            .WithOne()
            .HasForeignKey<PrivateImage>(image => image.SnapshotId)
            .OnDelete(DeleteBehavior.Restrict);

        // A retried post finds its row; two posts at once cannot both make one.
        builder.HasIndex(image => new { image.AccountId, image.RequestToken }).IsUnique();
    }
}
