using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Volumes;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <content>Somebody who has something behind each address.</content>
public abstract partial class TenancyScene
{
    protected async Task<Owner> OwnerAsync()
    {
        var person = await Server.AddPersonAsync();
        using var client = await Server.NewClientAsync(person);
        await using var db = CreateDbContext();
        var tenant = new Tenant(
            await db.Accounts.SingleAsync(account => account.Id == person.AccountId),
            await db.Projects.SingleAsync(project => project.AccountId == person.AccountId),
            await db.Networks.SingleAsync(network => network.AccountId == person.AccountId),
            await db.Subnets.SingleAsync(subnet => subnet.AccountId == person.AccountId),
            await db.SecurityGroups.SingleAsync(group => group.AccountId == person.AccountId)
        );
        var instance = await tenant.RequestAsync(db);
        instance.Name = "the-owners-machine";
        var setup = new CardSetup
        {
            Id = Guid.NewGuid(),
            AccountId = person.AccountId,
            CreatedAt = Tenant.Epoch,
        };
        db.CardSetups.Add(setup);
        await db.SaveChangesAsync();
        var user = await BucketRows.AddUserAsync(
            db,
            Server.Services.GetRequiredService<BucketSecrets>(),
            person.AccountId,
            "http://127.0.0.1:9"
        );
        var bucket = await BucketRows.AddBucketAsync(db, user, $"the-owners-bucket-{person.UserId:N}");
        var root = instance.Volumes.Single();
        root.ObserveMade(root.SizeGiB);
        var snapshot = new Snapshot
        {
            Id = Portal.Model.Shared.ResourceIds.New("snap"),
            AccountId = person.AccountId,
            Name = "the-owners-snapshot",
            CreatedAt = Tenant.Epoch,
            ProjectId = root.ProjectId,
            RegionId = root.RegionId,
            VolumeId = root.Id,
            SizeGiB = root.SizeGiB,
            RequestToken = "token",
        };
        var image = new PrivateImage
        {
            Id = Portal.Model.Shared.ResourceIds.New("ami"),
            AccountId = person.AccountId,
            Name = "the-owners-image",
            Description = "",
            CreatedAt = Tenant.Epoch,
            ProjectId = root.ProjectId,
            RegionId = root.RegionId,
            InstanceId = instance.Id,
            BaseId = instance.ImageId,
            SnapshotId = snapshot.Id,
            RequestToken = "token",
        };
        db.AddRange(snapshot, image);
        await db.SaveChangesAsync();
        return new Owner(
            person,
            instance,
            snapshot.Id,
            image.Id,
            tenant.Network.Id,
            tenant.Group.Id,
            bucket.Name,
            setup.Id,
            await db.Sessions.Where(session => session.UserId == person.UserId).Select(session => session.Id).FirstAsync()
        );
    }

    protected sealed record Owner(
        Person Person,
        Instance Instance,
        string Snapshot,
        string Image,
        string Network,
        string Group,
        string Bucket,
        Guid CardSetup,
        Guid Session
    )
    {
        public string Name => Instance.Name;

        private string Root => Instance.Volumes.Single().Id;

        public IEnumerable<string> Marks =>
            [
                Name,
                Instance.Id,
                Root,
                Snapshot,
                Image,
                "the-owners-image",
                Network,
                Group,
                Bucket,
                Person.AccountId,
                Person.Email,
                Session.ToString(),
            ];

        /// <summary>An address with this owner's real ids in the place of its parameters.</summary>
        public string Fill(string pattern) =>
            pattern switch
            {
                _ when pattern.StartsWith("/instances/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Instance.Id,
                    StringComparison.OrdinalIgnoreCase
                ),
                "/buckets/{Id}" => $"/buckets/{Bucket}",
                "/buckets/{name}/download" => $"/buckets/{Bucket}/download?key=a",
                _ when pattern.StartsWith("/buckets/", StringComparison.Ordinal) => pattern.Replace(
                    "{name}",
                    Bucket,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/networks/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Network,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/security-groups/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Group,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/snapshots/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Snapshot,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/images/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Image,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/volumes/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Root,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/operator/accounts/", StringComparison.Ordinal) => pattern.Replace(
                    "{Id}",
                    Person.AccountId,
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/billing/card/", StringComparison.Ordinal) => pattern.Replace(
                    "{SetupId:guid}",
                    CardSetup.ToString(),
                    StringComparison.OrdinalIgnoreCase
                ),
                _ when pattern.StartsWith("/settings/sessions/", StringComparison.Ordinal) => pattern.Replace(
                    "{id:guid}",
                    Session.ToString(),
                    StringComparison.Ordinal
                ),
                _ => pattern.Replace("{id}", "b3duZXJz", StringComparison.Ordinal),
            };
    }
}
