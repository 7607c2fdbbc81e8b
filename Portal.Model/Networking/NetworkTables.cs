using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Compute;
using Portal.Model.Operators;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

internal sealed class NetworkTables
    : IEntityTypeConfiguration<Network>,
        IEntityTypeConfiguration<Subnet>,
        IEntityTypeConfiguration<SecurityGroup>,
        IEntityTypeConfiguration<SecurityGroupRule>,
        IEntityTypeConfiguration<NetworkInterface>,
        IEntityTypeConfiguration<InterfaceGroup>,
        IEntityTypeConfiguration<PublicAddress>,
        IEntityTypeConfiguration<Peering>
{
    public void Configure(EntityTypeBuilder<Network> builder)
    {
        builder.BelongsToAccount();
        builder.HasMany(network => network.Subnets).WithOne().HasForeignKey(subnet => subnet.NetworkId).OnDelete(DeleteBehavior.Restrict);
        builder.Property(network => network.Tags).AsTags();

        // A retried post finds its row; two posts at once cannot both make one.
        builder.HasIndex(network => new { network.AccountId, network.RequestToken }).IsUnique();

        // The sweep asks for what the engine has not followed yet.
        builder
            .HasIndex(network => network.RegionId)
            .HasFilter("\"AppliedGeneration\" < \"Generation\"")
            .HasDatabaseName("IX_Networks_Behind");
    }

    public void Configure(EntityTypeBuilder<Subnet> builder) => builder.BelongsToAccount();

    public void Configure(EntityTypeBuilder<SecurityGroup> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<Network>().WithMany().HasForeignKey(group => group.NetworkId).OnDelete(DeleteBehavior.Restrict);
        builder.HasMany(group => group.Rules).WithOne().HasForeignKey(rule => rule.SecurityGroupId);
        builder.HasIndex(group => group.NetworkId).IsUnique().HasFilter("\"IsDefault\"").HasDatabaseName("IX_SecurityGroups_OneDefault");
    }

    public void Configure(EntityTypeBuilder<SecurityGroupRule> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<SecurityGroup>().WithMany().HasForeignKey(rule => rule.PeerGroupId).OnDelete(DeleteBehavior.Restrict);
    }

    public void Configure(EntityTypeBuilder<NetworkInterface> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<Instance>().WithMany(instance => instance.Interfaces).HasForeignKey(networkInterface => networkInterface.InstanceId);
        builder
            .HasOne<Network>()
            .WithMany()
            .HasForeignKey(networkInterface => networkInterface.NetworkId)
            .OnDelete(DeleteBehavior.Restrict);
        builder
            .HasOne(networkInterface => networkInterface.Subnet)
            .WithMany()
            .HasForeignKey(networkInterface => networkInterface.SubnetId)
            .OnDelete(DeleteBehavior.Restrict);

        // As text, since EF Core cannot order an IPAddress and wants to for a unique index.
        builder.Property(networkInterface => networkInterface.Address).HasConversion<string>().HasMaxLength(45);
        builder.HasIndex(networkInterface => new { networkInterface.SubnetId, networkInterface.Address }).IsUnique();
        builder.HasIndex(networkInterface => new { networkInterface.InstanceId, networkInterface.Position }).IsUnique();
    }

    public void Configure(EntityTypeBuilder<InterfaceGroup> builder)
    {
        builder.BelongsToAccount();
        builder.HasKey(membership => new { membership.InterfaceId, membership.SecurityGroupId });
        builder
            .HasOne<NetworkInterface>()
            .WithMany(networkInterface => networkInterface.Groups)
            .HasForeignKey(membership => membership.InterfaceId);
        builder
            .HasOne<SecurityGroup>()
            .WithMany()
            .HasForeignKey(membership => membership.SecurityGroupId)
            .OnDelete(DeleteBehavior.Restrict);
    }

    public void Configure(EntityTypeBuilder<PublicAddress> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<Region>().WithMany().HasForeignKey(address => address.RegionId).OnDelete(DeleteBehavior.Restrict);
        builder
            .HasOne<NetworkInterface>()
            .WithOne()
            .HasForeignKey<PublicAddress>(address => address.InterfaceId)
            .OnDelete(DeleteBehavior.SetNull);
        builder.HasOne<Network>().WithMany().HasForeignKey(address => address.NetworkId).OnDelete(DeleteBehavior.Restrict);
        builder.Property(address => address.Address).HasConversion<string>().HasMaxLength(45);
        builder.HasIndex(address => new { address.RegionId, address.Address }).IsUnique();
        builder.HasIndex(address => new { address.RegionId, address.FirstPort }).IsUnique();
    }

    public void Configure(EntityTypeBuilder<Peering> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<Network>().WithMany().HasForeignKey(peering => peering.NetworkId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne<Network>().WithMany().HasForeignKey(peering => peering.PeerNetworkId).OnDelete(DeleteBehavior.Restrict);
    }
}
