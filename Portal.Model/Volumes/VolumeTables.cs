using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

internal sealed class VolumeTables : IEntityTypeConfiguration<Volume>, IEntityTypeConfiguration<VolumeType>
{
    public void Configure(EntityTypeBuilder<Volume> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne(volume => volume.Type).WithMany().HasForeignKey(volume => volume.TypeId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne(volume => volume.Image).WithMany().HasForeignKey(volume => volume.ImageId).OnDelete(DeleteBehavior.Restrict);
        builder
            .HasOne(volume => volume.Instance)
            .WithMany(instance => instance.Volumes)
            .HasForeignKey(volume => volume.InstanceId)
            .OnDelete(DeleteBehavior.Restrict);
        builder.Property(volume => volume.Tags).AsTags();

        // A retried post finds its row; two posts at once cannot both make one.
        builder
            .HasIndex(volume => new
            {
                volume.AccountId,
                volume.RequestToken,
                volume.RequestIndex,
            })
            .IsUnique();

        // Each place of an instance holds one volume.
        builder.HasIndex(volume => new { volume.InstanceId, volume.Device }).IsUnique();

        // The sweep asks for what is not where it should be.
        builder.HasIndex(volume => new { volume.RegionId, volume.State });
    }

    public void Configure(EntityTypeBuilder<VolumeType> builder) =>
        builder.HasData(
            new VolumeType
            {
                Id = VolumeType.Standard,
                Description = "For systems and most data",
                Iops = 1000,
                MiBPerSecond = 100,
                Position = 1,
            },
            new VolumeType
            {
                Id = "fast",
                Description = "For databases",
                Iops = 8000,
                MiBPerSecond = 400,
                Position = 2,
            }
        );
}
