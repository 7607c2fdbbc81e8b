using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Networking;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

/// <summary>
/// Makes one or several instances, or none: checks, quota, address, port, key and audit are one transaction under a lock on the account's
/// row, so that parallel requests queue up and each sees what the one before took. The same token again returns what it made before.
/// </summary>
public sealed partial class CreateInstance(IDbContextFactory<PortalDb> dbs, TimeProvider clock)
{
    public async Task<Outcome<IReadOnlyList<Instance>>> RunAsync(Actor actor, NewInstances request, CancellationToken ct)
    {
        if (Check(request) is { IsDone: false } refused)
        {
            return refused;
        }

        await using var db = await dbs.CreateDbContextAsync(ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var account = await db.LockAccountAsync(actor.AccountId, ct);
        if (await MadeBeforeAsync(db, actor, request.RequestToken, ct) is { Count: > 0 } before)
        {
            return new(before, null);
        }

        if (await CheckPayerAsync(db, actor, ct) is { IsDone: false } mayNot)
        {
            return mayNot;
        }

        var place = await FindPlaceAsync(db, actor, account, request, ct);
        if (place.Value is null)
        {
            return place.Refusal!;
        }

        var key = await FindKeyAsync(db, actor, request, ct);
        if (!key.IsDone)
        {
            return key.Refusal!;
        }

        var made = Enumerable.Range(0, request.Count).Select(index => Build(actor, request, place.Value, key.Value, index)).ToArray();
        await AddVolumesAsync(db, actor, request, made, ct);
        db.Instances.AddRange(made);
        if (request.WithAddress && await AssociateAddressesAsync(db, account, actor, place.Value, made, ct) is { IsDone: false } noAddress)
        {
            return noAddress;
        }

        db.AuditEntries.AddRange(
            made.Select(instance =>
                actor.Audit(instance.CreatedAt, "RunInstances", instance.Id, after: AuditDetails(instance, place.Value.Image.Name))
            )
        );
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return new(made, null);
    }

    /// <summary>What a request with this token has made, whoever asks for it of the account; nothing if it never went through.</summary>
    public async Task<IReadOnlyList<Instance>> MadeAsync(Actor actor, string token, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        return await MadeBeforeAsync(db, actor, token, ct);
    }

    private static async Task<IReadOnlyList<Instance>> MadeBeforeAsync(PortalDb db, Actor actor, string token, CancellationToken ct) =>
        await db
            .Instances.AsNoTracking()
            .Where(instance => instance.AccountId == actor.AccountId && instance.RequestToken == token)
            .OrderBy(instance => instance.RequestIndex)
            .ToListAsync(ct);

    private Instance Build(Actor actor, NewInstances request, Place place, KeyPair? key, int index)
    {
        var instance = New(actor, request, place, key, index);
        instance.Interfaces.Add(place.Interface(instance, index));
        instance.Volumes.Add(Volume.RootOf(instance, place.Size.DiskGiB, place.SnapshotId));
        return instance.Requested(instance.CreatedAt);
    }

    private Instance New(Actor actor, NewInstances request, Place place, KeyPair? key, int index) =>
        new()
        {
            Id = ResourceIds.New("i"),
            AccountId = actor.AccountId,
            Name = ResourceName.Of(request.Name.Trim(), index, request.Count),
            CreatedAt = clock.GetUtcNow(),
            ProjectId = place.ProjectId,
            RegionId = place.Region.Id,
            ImageId = place.Image.Id,
            SizeId = place.Size.Id,
            Vcpus = place.Size.Vcpus,
            MemoryMiB = place.Size.MemoryMiB,
            KeyPairId = key?.Id,
            KeyName = key?.Name,
            PublicKey = key?.PublicKey,
            UserData = Compute.UserData.Kept(request.UserData),
            NetworkId = place.Subnet.NetworkId,
            Address = place.Addresses[index],
            PublicPort = place.Ports[index],
            RequestToken = request.RequestToken,
            RequestIndex = index,
            Tags = new Dictionary<string, string>(request.Tags, StringComparer.Ordinal),
        };

    private static object AuditDetails(Instance instance, string image) =>
        new
        {
            instance.Name,
            Image = image,
            Size = instance.SizeId,
            Key = instance.KeyName,
            Address = instance.Address.ToString(),
            Port = instance.PublicPort,
            Volumes = instance.Volumes.Count(volume => !volume.IsRoot) is > 0 and var extra ? extra : (int?)null,
            UserData = instance.UserData is null ? null : $"{Compute.UserData.Size(instance.UserData):N0} bytes",
            instance.Tags,
        };

    /// <summary>Where the new instances go, all of it the account's own or the catalogue's.</summary>
    private sealed record Place(
        Image Image,
        string? SnapshotId,
        InstanceSize Size,
        Region Region,
        string ProjectId,
        Subnet Subnet,
        IReadOnlyList<string> GroupIds,
        IReadOnlyList<IPAddress> Addresses,
        IReadOnlyList<int> Ports
    )
    {
        /// <summary>The first interface of the instance with this place in the request.</summary>
        public NetworkInterface Interface(Instance instance, int index) =>
            Interfaces.Build(instance, Subnet, Addresses[index], 0, GroupIds, instance.CreatedAt);
    }
}
