using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Model.Operators;

internal sealed class OperatorTables
    : IEntityTypeConfiguration<Region>,
        IEntityTypeConfiguration<Incident>,
        IEntityTypeConfiguration<Patrol>
{
    public void Configure(EntityTypeBuilder<Region> builder) =>
        builder.HasData(
            new Region
            {
                Id = "local",
                Name = "This machine",
                Engine = "libvirt",
                FirstPublicPort = 22000,
                LastPublicPort = 24999,
                FirstAddressPort = 25000,
                LastAddressPort = 27999,
                PublicHost = "127.0.0.1",
            }
        );

    public void Configure(EntityTypeBuilder<Patrol> builder) =>
        builder.HasOne<Region>().WithOne().HasForeignKey<Patrol>(patrol => patrol.RegionId);

    public void Configure(EntityTypeBuilder<Incident> builder) =>
        builder.HasIndex(incident => new { incident.ResourceId, incident.Kind }).IsUnique().HasFilter("\"ClosedAt\" IS NULL");
}
