using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

internal sealed class ComputeTables
    : IEntityTypeConfiguration<Instance>,
        IEntityTypeConfiguration<KeyPair>,
        IEntityTypeConfiguration<Image>,
        IEntityTypeConfiguration<InstanceSize>,
        IEntityTypeConfiguration<ConsoleTicket>,
        IEntityTypeConfiguration<GuestRequest>
{
    public void Configure(EntityTypeBuilder<Instance> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne(instance => instance.Image).WithMany().HasForeignKey(instance => instance.ImageId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne<Network>().WithMany().HasForeignKey(instance => instance.NetworkId).OnDelete(DeleteBehavior.Restrict);

        // A retried post finds its row; two posts at once cannot both make one.
        builder
            .HasIndex(instance => new
            {
                instance.AccountId,
                instance.RequestToken,
                instance.RequestIndex,
            })
            .IsUnique();

        // As text, so that it can be searched.
        builder.Property(instance => instance.Address).HasConversion<string>().HasMaxLength(45);

        // A port belongs to one living machine.
        builder.HasIndex(instance => new { instance.RegionId, instance.PublicPort }).IsUnique();

        // The sweep asks for what is not where it should be.
        builder.HasIndex(instance => new { instance.RegionId, instance.State });

        // So is what waits for the end of a suspension.
        builder.HasIndex(instance => instance.RegionId, "IX_Instances_Suspended").HasFilter("\"IsSuspended\"");
        builder.Property(instance => instance.Tags).AsTags();
    }

    public void Configure(EntityTypeBuilder<KeyPair> builder)
    {
        builder.BelongsToAccount();
        builder.HasIndex(key => new { key.AccountId, key.Name }).IsUnique();
    }

    public void Configure(EntityTypeBuilder<Image> builder)
    {
        builder.HasIndex(image => new { image.RegionId, image.FileName }).IsUnique();

        // What bin/up builds; they become available when the worker finds their files.
        var seeded = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        builder.HasData(
            new Image
            {
                Id = "ami-00000000000000001",
                RegionId = "local",
                Name = "Tiny Linux",
                Description = "A system of a kernel, BusyBox and an SSH server in 20 MiB: boots in seconds, for trying things out.",
                SshUser = "root",
                FileName = "tiny.qcow2",
                MinDiskGiB = 1,
                MinMemoryMiB = 256,
                CreatedAt = seeded,
            },
            new Image
            {
                Id = "ami-00000000000000012",
                RegionId = "local",
                Name = "Debian 12",
                Description = "Debian 12 (bookworm) with cloud-init and the security updates of the day it was built.",
                SshUser = "debian",
                FileName = "debian-12.qcow2",
                MinDiskGiB = 4,
                MinMemoryMiB = 512,
                CreatedAt = seeded,
            }
        );
    }

    public void Configure(EntityTypeBuilder<InstanceSize> builder) =>
        builder.HasData(
            Size("t1.nano", 1, 512, 4, 1),
            Size("t1.micro", 1, 1024, 8, 2),
            Size("t1.small", 1, 2048, 16, 3),
            Size("t1.medium", 2, 4096, 32, 4),
            Size("t1.large", 4, 8192, 64, 5)
        );

    public void Configure(EntityTypeBuilder<ConsoleTicket> builder) => builder.BelongsToAccount();

    public void Configure(EntityTypeBuilder<GuestRequest> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<Instance>().WithMany().HasForeignKey(request => request.InstanceId).OnDelete(DeleteBehavior.Cascade);

        // The sweep asks for what is not done.
        builder.HasIndex(request => new { request.RegionId, request.State });
    }

    private static InstanceSize Size(string id, int vcpus, int memoryMiB, int diskGiB, int position) =>
        new()
        {
            Id = id,
            Vcpus = vcpus,
            MemoryMiB = memoryMiB,
            DiskGiB = diskGiB,
            Position = position,
        };
}
