using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Operators;
using Portal.Model.Volumes;

namespace Portal.Model.Shared;

/// <summary>Portal's database. A slice configures its tables in its own <see cref="IEntityTypeConfiguration{TEntity}"/>s.</summary>
public sealed class PortalDb(DbContextOptions<PortalDb> options) : IdentityUserContext<User, Guid>(options), IDataProtectionKeyContext
{
    public DbSet<Account> Accounts => Set<Account>();

    public DbSet<Project> Projects => Set<Project>();

    public DbSet<Session> Sessions => Set<Session>();

    public DbSet<KnownDevice> KnownDevices => Set<KnownDevice>();

    public DbSet<SignInChange> SignInChanges => Set<SignInChange>();

    public DbSet<FactorRemoval> FactorRemovals => Set<FactorRemoval>();

    public DbSet<Throttle> Throttles => Set<Throttle>();

    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();

    public DbSet<AuditPerson> AuditPersons => Set<AuditPerson>();

    public DbSet<Mail> Mails => Set<Mail>();

    public DbSet<Network> Networks => Set<Network>();

    public DbSet<Subnet> Subnets => Set<Subnet>();

    public DbSet<SecurityGroup> SecurityGroups => Set<SecurityGroup>();

    public DbSet<SecurityGroupRule> SecurityGroupRules => Set<SecurityGroupRule>();

    public DbSet<NetworkInterface> NetworkInterfaces => Set<NetworkInterface>();

    public DbSet<PublicAddress> PublicAddresses => Set<PublicAddress>();

    public DbSet<Peering> Peerings => Set<Peering>();

    public DbSet<InterfaceGroup> InterfaceGroups => Set<InterfaceGroup>();

    public DbSet<Region> Regions => Set<Region>();

    public DbSet<Patrol> Patrols => Set<Patrol>();

    public DbSet<Incident> Incidents => Set<Incident>();

    public DbSet<Image> Images => Set<Image>();

    public DbSet<PrivateImage> PrivateImages => Set<PrivateImage>();

    public DbSet<InstanceSize> InstanceSizes => Set<InstanceSize>();

    public DbSet<KeyPair> KeyPairs => Set<KeyPair>();

    public DbSet<Instance> Instances => Set<Instance>();

    public DbSet<GuestRequest> GuestRequests => Set<GuestRequest>();

    public DbSet<VolumeType> VolumeTypes => Set<VolumeType>();

    public DbSet<Volume> Volumes => Set<Volume>();

    public DbSet<Snapshot> Snapshots => Set<Snapshot>();

    public DbSet<BackupSchedule> BackupSchedules => Set<BackupSchedule>();

    public DbSet<ConsoleTicket> ConsoleTickets => Set<ConsoleTicket>();

    public DbSet<ObjectStore> ObjectStores => Set<ObjectStore>();

    public DbSet<ObjectStoreChange> ObjectStoreChanges => Set<ObjectStoreChange>();

    public DbSet<ObjectStoreUser> ObjectStoreUsers => Set<ObjectStoreUser>();

    public DbSet<Bucket> Buckets => Set<Bucket>();

    public DbSet<ObjectOperation> ObjectOperations => Set<ObjectOperation>();

    public DbSet<AccessKey> AccessKeys => Set<AccessKey>();

    public DbSet<Price> Prices => Set<Price>();

    public DbSet<UsageSpan> UsageSpans => Set<UsageSpan>();

    public DbSet<Card> Cards => Set<Card>();

    public DbSet<CardSetup> CardSetups => Set<CardSetup>();

    public DbSet<UnpaidUse> UnpaidUses => Set<UnpaidUse>();

    public DbSet<LimitNotice> LimitNotices => Set<LimitNotice>();

    public DbSet<FlaggedFingerprint> FlaggedFingerprints => Set<FlaggedFingerprint>();

    public DbSet<StripeEvent> StripeEvents => Set<StripeEvent>();

    public DbSet<MetricSample> MetricSamples => Set<MetricSample>();

    public DbSet<AlertRule> AlertRules => Set<AlertRule>();

    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.ApplyConfigurationsFromAssembly(typeof(PortalDb).Assembly);
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        configurationBuilder.Properties<Enum>().HaveConversion<string>().HaveMaxLength(32);
    }
}
