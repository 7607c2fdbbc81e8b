using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

internal sealed class AccountTables
    : IEntityTypeConfiguration<Account>,
        IEntityTypeConfiguration<User>,
        IEntityTypeConfiguration<Project>,
        IEntityTypeConfiguration<Session>,
        IEntityTypeConfiguration<AuditEntry>,
        IEntityTypeConfiguration<Mail>,
        IEntityTypeConfiguration<AuditPerson>,
        IEntityTypeConfiguration<Throttle>,
        IEntityTypeConfiguration<KnownDevice>,
        IEntityTypeConfiguration<SignInChange>,
        IEntityTypeConfiguration<FactorRemoval>
{
    public void Configure(EntityTypeBuilder<Account> builder)
    {
        builder.HasIndex(account => account.StripeCustomerId).IsUnique();
        builder.Property(account => account.UnpaidLimit).HasPrecision(18, 2);
    }

    public void Configure(EntityTypeBuilder<User> builder)
    {
        builder.ToTable("Users");
        builder.BelongsToAccount();

        // Identity writes whole rows; one that it read earlier must not bring back a code that was used meanwhile.
        builder.Property(user => user.LastCodeStep).Metadata.SetAfterSaveBehavior(PropertySaveBehavior.Ignore);

        // Anybody may claim an address; it belongs to the one who confirms it. See docs/decisions/sign-up.md.
        builder.HasIndex(user => user.NormalizedEmail, "IX_Users_ConfirmedEmail").IsUnique().HasFilter("\"EmailConfirmed\"");
    }

    public void Configure(EntityTypeBuilder<Project> builder) => builder.BelongsToAccount();

    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.BelongsToAccount();
        builder.HasIndex(session => session.UserId);
        builder.HasOne<User>().WithMany().HasForeignKey(session => session.UserId);
    }

    public void Configure(EntityTypeBuilder<AuditEntry> builder)
    {
        builder.BelongsToAccount();
        builder.HasIndex(entry => new { entry.AccountId, entry.At });
        builder.HasIndex(entry => entry.ResourceId);
        builder.Property(entry => entry.Before).HasColumnType("jsonb");
        builder.Property(entry => entry.After).HasColumnType("jsonb");
        builder.Ignore(entry => entry.Who);

        // No view forgets it. Restrict: a cascade would run as the tables' owner, whatever the rights of whoever set it off.
        builder
            .HasOne(entry => entry.Person)
            .WithOne()
            .HasForeignKey<AuditPerson>(person => person.EntryId)
            .OnDelete(DeleteBehavior.Restrict);
        builder.Navigation(entry => entry.Person).AutoInclude();
    }

    public void Configure(EntityTypeBuilder<AuditPerson> builder)
    {
        builder.HasKey(person => person.EntryId);
        builder.BelongsToAccount();
        builder.Property(person => person.Before).HasColumnType("jsonb");
        builder.Property(person => person.After).HasColumnType("jsonb");
    }

    public void Configure(EntityTypeBuilder<Mail> builder)
    {
        builder.BelongsToAccount();
        builder.HasIndex(mail => mail.DueAt).HasFilter("\"DueAt\" IS NOT NULL");
        builder.HasIndex(mail => new { mail.CountedAs, mail.CreatedAt }).HasFilter("\"CountedAs\" IS NOT NULL");
    }

    public void Configure(EntityTypeBuilder<Throttle> builder)
    {
        builder.HasKey(throttle => throttle.Key);
        builder.HasIndex(throttle => throttle.Until);

        // Written at each try and worth little: no log for a crash, after which counting begins anew.
        builder.ToTable("Throttles").IsUnlogged();
    }

    public void Configure(EntityTypeBuilder<KnownDevice> builder)
    {
        builder.BelongsToAccount();
        builder.HasIndex(device => device.UserId);
        builder.HasOne<User>().WithMany().HasForeignKey(device => device.UserId);
    }

    public void Configure(EntityTypeBuilder<SignInChange> builder)
    {
        builder.BelongsToAccount();
        builder.HasIndex(change => change.UserId);
        builder.HasIndex(change => change.UndoKey).IsUnique();
        builder.HasOne<User>().WithMany().HasForeignKey(change => change.UserId);
    }

    public void Configure(EntityTypeBuilder<FactorRemoval> builder)
    {
        builder.BelongsToAccount();
        builder.HasIndex(removal => removal.UserId).IsUnique().HasFilter("\"EndedAt\" IS NULL");
        builder.HasIndex(removal => removal.KeepKey).IsUnique();
        builder.Ignore(removal => removal.From);
        builder.Ignore(removal => removal.Until);
        builder.HasOne<User>().WithMany().HasForeignKey(removal => removal.UserId);
    }
}
