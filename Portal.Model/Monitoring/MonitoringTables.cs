using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Shared;

namespace Portal.Model.Monitoring;

internal sealed class MonitoringTables : IEntityTypeConfiguration<MetricSample>, IEntityTypeConfiguration<AlertRule>
{
    public void Configure(EntityTypeBuilder<MetricSample> builder)
    {
        builder.BelongsToAccount();

        // In the order in which charts read: one resource, one resolution, a stretch of time.
        builder.HasKey(sample => new
        {
            sample.AccountId,
            sample.ResourceId,
            sample.Resolution,
            sample.At,
        });

        // For what is rolled up and what is thrown away, whosever it is.
        builder.HasIndex(sample => new { sample.Resolution, sample.At });
    }

    public void Configure(EntityTypeBuilder<AlertRule> builder)
    {
        builder.BelongsToAccount();
        builder.HasIndex(rule => new { rule.AccountId, rule.ResourceId });
        builder.HasIndex(rule => rule.RegionId);
    }
}
