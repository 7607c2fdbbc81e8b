using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Compute;

/// <summary>A customer who may create: a tenant with a confirmed person and a card, and an image to start from.</summary>
public static class AnAccount
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Made for these tests with ssh-keygen; nobody has the private half.</summary>
    public const string Ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBy0dmjz34C3E5nEQMexGXlWHiVodbUamdmDSqmd3Ju2 ada@example.com";

    public static async Task<Actor> ReadyAsync(
        IDbContextFactory<PortalDb> dbs,
        int instanceLimit = 20,
        bool confirmed = true,
        bool card = true
    )
    {
        await using var db = await dbs.CreateDbContextAsync();
        var account = (await Tenant.AddAsync(db)).Account;
        (account.InstanceLimit, account.VcpuLimit, account.VolumeLimit) = (instanceLimit, 2000, 2000);
        var email = $"{account.Id}@example.com";
        var user = new User
        {
            Id = Guid.NewGuid(),
            AccountId = account.Id,
            UserName = email,
            Email = email,
            EmailConfirmed = confirmed,
            CreatedAt = Now,
        };
        db.Add(user);
        if (card)
        {
            db.Add(ACard(account.Id));
        }

        await db.SaveChangesAsync();
        return new Actor(account.Id, user.Id, email, IPAddress.Loopback);
    }

    public static async Task<Image> ImageAsync(
        IDbContextFactory<PortalDb> dbs,
        string name = "Tiny",
        ImageState state = ImageState.Available,
        int minMemoryMiB = 128
    )
    {
        await using var db = await dbs.CreateDbContextAsync();
        var image = new Image
        {
            Id = ResourceIds.New("ami"),
            RegionId = "local",
            Name = name,
            SshUser = "root",
            FileName = $"{Guid.NewGuid():N}.qcow2",
            MinDiskGiB = 1,
            MinMemoryMiB = minMemoryMiB,
            State = state,
            CreatedAt = Now,
        };
        db.Add(image);
        await db.SaveChangesAsync();
        return image;
    }

    public static NewInstances Wish(Image image, int count = 1, string? token = null) =>
        new()
        {
            Name = "amber-falcon",
            ImageId = image.Id,
            SizeId = "t1.nano",
            PublicKey = Ed25519,
            Count = count,
            RequestToken = token ?? Guid.NewGuid().ToString("N"),
        };

    public static Card ACard(string accountId) =>
        new()
        {
            Id = $"pm_{Guid.NewGuid():N}",
            AccountId = accountId,
            Brand = "visa",
            Last4 = "4242",
            ExpiryMonth = 12,
            ExpiryYear = 2030,
            Fingerprint = Guid.NewGuid().ToString("N"),
            State = CardState.Valid,
            IsDefault = true,
            AddedAt = Now,
        };
}
