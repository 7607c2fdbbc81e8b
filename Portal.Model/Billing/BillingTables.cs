using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Shared;

namespace Portal.Model.Billing;

internal sealed class BillingTables
    : IEntityTypeConfiguration<Price>,
        IEntityTypeConfiguration<UsageSpan>,
        IEntityTypeConfiguration<Card>,
        IEntityTypeConfiguration<CardSetup>,
        IEntityTypeConfiguration<StripeEvent>,
        IEntityTypeConfiguration<UnpaidUse>,
        IEntityTypeConfiguration<LimitNotice>
{
    public void Configure(EntityTypeBuilder<Price> builder)
    {
        builder.Property(price => price.PerHour).HasPrecision(18, 8);
        builder.Property(price => price.Free).HasPrecision(18, 6);
        builder.HasIndex(price => new { price.Sku, price.From }).IsUnique();
        builder.HasData(
            Seed(1, "instance.t1.nano", 0.0060m),
            Seed(2, "instance.t1.micro", 0.0110m),
            Seed(3, "instance.t1.small", 0.0210m),
            Seed(4, "instance.t1.medium", 0.0420m),
            Seed(5, "instance.t1.large", 0.0840m),
            Seed(6, Skus.Disk, 0.00011m),
            Seed(7, Skus.BucketStorage, 0.00003m),
            Seed(8, Skus.BucketOut, 0.05m, free: 10),
            Seed(9, Skus.BucketWrites, 0.005m),
            Seed(10, Skus.BucketReads, 0.0004m),
            Seed(20, Skus.Address, 0.0040m),
            Seed(21, Skus.Nat, 0.0060m),
            Seed(30, Skus.Volume("fast"), 0.00018m),
            Seed(31, Skus.Snapshot, 0.00006m)
        );
    }

    public void Configure(EntityTypeBuilder<UsageSpan> builder)
    {
        builder.BelongsToAccount();
        builder.Property(span => span.Quantity).HasPrecision(18, 6);
        builder.HasIndex(span => new { span.AccountId, span.From });
        builder.HasIndex(span => new { span.ResourceId, span.Sku }).IsUnique().HasFilter("\"To\" IS NULL");
    }

    public void Configure(EntityTypeBuilder<Card> builder)
    {
        builder.BelongsToAccount();
        builder.HasIndex(card => card.AccountId).IsUnique().HasFilter("\"IsDefault\"").HasDatabaseName("IX_Cards_OneDefault");
        builder.HasIndex(card => card.Fingerprint);
    }

    public void Configure(EntityTypeBuilder<CardSetup> builder)
    {
        builder.BelongsToAccount();
        builder.HasIndex(setup => setup.CheckoutSessionId).IsUnique();
        builder.HasIndex(setup => setup.CheckAt).HasFilter("\"SettledAt\" IS NULL");
    }

    public void Configure(EntityTypeBuilder<StripeEvent> builder) =>
        builder.HasIndex(stored => stored.ApplyAt).HasFilter("\"AppliedAt\" IS NULL");

    public void Configure(EntityTypeBuilder<UnpaidUse> builder)
    {
        builder.HasKey(use => use.AccountId);
        builder.BelongsToAccount();
        builder.HasIndex(use => use.DueAt);
        builder.Property(use => use.Amount).HasPrecision(18, 6);
        builder.Property(use => use.PerHour).HasPrecision(18, 6);
        builder.Property(use => use.Settled).HasPrecision(18, 6);
        builder.Property(use => use.DownloadGiB).HasPrecision(18, 6);
    }

    public void Configure(EntityTypeBuilder<LimitNotice> builder)
    {
        builder.HasKey(notice => new
        {
            notice.AccountId,
            notice.Kind,
            notice.Month,
            notice.Limit,
            notice.Percent,
        });
        builder.BelongsToAccount();
        builder.Property(notice => notice.Limit).HasPrecision(18, 2);
    }

    private static Price Seed(long id, string sku, decimal perHour, decimal free = 0) =>
        new()
        {
            Id = id,
            Sku = sku,
            PerHour = perHour,
            Free = free,
            From = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        };
}
