using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

internal sealed class SnapshotTables : IEntityTypeConfiguration<Snapshot>
{
    public void Configure(EntityTypeBuilder<Snapshot> builder)
    {
        builder.BelongsToAccount();
        builder
            .HasOne(snapshot => snapshot.Volume)
            .WithMany(volume => volume.Snapshots)
            .HasForeignKey(snapshot => snapshot.VolumeId)
            .OnDelete(DeleteBehavior.Restrict);
        builder.HasOne(snapshot => snapshot.Image).WithMany().HasForeignKey(snapshot => snapshot.ImageId).OnDelete(DeleteBehavior.Restrict);
        builder.Property(snapshot => snapshot.Tags).AsTags();

        // A retried post finds its row; two posts at once cannot both make one.
        builder.HasIndex(snapshot => new { snapshot.AccountId, snapshot.RequestToken }).IsUnique();

        // The sweep asks for what is not where it should be.
        builder.HasIndex(snapshot => new { snapshot.RegionId, snapshot.State });
    }
}
