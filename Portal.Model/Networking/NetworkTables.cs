using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Shared;

namespace Portal.Model.Networking;

internal sealed class NetworkTables : IEntityTypeConfiguration<Network>, IEntityTypeConfiguration<Subnet>, IEntityTypeConfiguration<SecurityGroup>,
    IEntityTypeConfiguration<SecurityGroupRule>
{
    public void Configure(EntityTypeBuilder<Network> builder)
    {
        builder.BelongsToAccount();
        builder.HasMany(network => network.Subnets).WithOne().HasForeignKey(subnet => subnet.NetworkId);
    }

    public void Configure(EntityTypeBuilder<Subnet> builder) => builder.BelongsToAccount();

    public void Configure(EntityTypeBuilder<SecurityGroup> builder)
    {
        builder.BelongsToAccount();
        builder.HasOne<Network>().WithMany().HasForeignKey(group => group.NetworkId);
        builder.HasMany(group => group.Rules).WithOne().HasForeignKey(rule => rule.SecurityGroupId);
    }

    public void Configure(EntityTypeBuilder<SecurityGroupRule> builder) => builder.BelongsToAccount();
}
