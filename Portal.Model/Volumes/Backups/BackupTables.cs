using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Shared;

namespace Portal.Model.Volumes;

internal sealed class BackupTables : IEntityTypeConfiguration<BackupSchedule>
{
    public void Configure(EntityTypeBuilder<BackupSchedule> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<Volume>().WithMany().HasForeignKey(schedule => schedule.VolumeId).OnDelete(DeleteBehavior.Restrict);

        // Two clicks at once cannot both make one.
        builder.HasIndex(schedule => schedule.VolumeId).IsUnique();

        // The sweep asks for what is due.
        builder.HasIndex(schedule => new { schedule.RegionId, schedule.NextAt });
    }
}
