using Microsoft.EntityFrameworkCore;
using Portal.Compute;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Closing;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;

namespace Portal.Tests.Shared;

/// <summary>
/// The verbs that leave something to do, each where the ones before have made it possible. Each is asked twice; the first time fails.
/// </summary>
public sealed partial class AfterCommitTests
{
    private static string Token => Guid.NewGuid().ToString("N");

    /// <param name="actor">Who has something of every kind.</param>
    private async Task<IReadOnlyList<(string Verb, Func<Task<string?>> Ask)>> VerbsAsync(Actor actor) =>
        [
            .. await OfInstancesAsync(actor),
            .. await OfVolumesAsync(actor),
            .. await OfNetworksAsync(actor),
            .. OfBuckets(actor),
            .. OfAll(actor),
        ];

    private async Task<IReadOnlyList<(string Verb, Func<Task<string?>> Ask)>> OfInstancesAsync(Actor actor)
    {
        var id = await ReadAsync(db => db.Instances.Select(instance => instance.Id).SingleAsync(Ct));
        var image = await ReadAsync(db => db.Images.FirstAsync(image => image.FileName == "tiny.qcow2", Ct));
        var key = await ReadAsync(db => db.KeyPairs.Select(key => key.Id).FirstAsync(Ct));
        var change = new ChangeInstance(telling, Clock);
        var guest = new ChangeGuest(telling, Get<GuestSecrets>(), Clock);
        InstanceAction[] actions =
        [
            InstanceAction.Reboot,
            InstanceAction.Rescue,
            InstanceAction.LeaveRescue,
            InstanceAction.Stop,
            InstanceAction.Start,
        ];
        return
        [
            .. actions.Select(action => ("ChangeInstance.RunAsync", Of(() => change.RunAsync(actor, action, id, Ct)))),
            ("ChangeGuest.SetPasswordAsync", Of(() => guest.SetPasswordAsync(actor, id, GuestPassword.Hash("x"), Ct))),
            ("ChangeGuest.SetKeyAsync", Of(() => guest.SetKeyAsync(actor, id, key, Ct))),
            ("RebuildInstance.RunAsync", Of(() => new RebuildInstance(telling, Clock).RunAsync(actor, id, image.Id, null, Ct))),
            ("CreateInstance.RunAsync", Of(() => new CreateInstance(telling, Clock).RunAsync(actor, AnAccount.Wish(image), Ct))),
            (
                "ChangeInstance.RunAsync",
                async () =>
                {
                    var made = await ReadAsync(db => db.Instances.Where(one => one.Id != id).Select(one => one.Id).SingleAsync(Ct));
                    return (await change.RunAsync(actor, InstanceAction.Terminate, made, Ct)).Outcome.Reason;
                }
            ),
        ];
    }

    private async Task<IReadOnlyList<(string Verb, Func<Task<string?>> Ask)>> OfVolumesAsync(Actor actor)
    {
        var instance = await ReadAsync(db => db.Instances.Select(instance => instance.Id).SingleAsync(Ct));
        var (kept, attached) = (await VolumeAsync("kept"), await VolumeAsync("attached"));
        var before = await ReadAsync(db => db.Snapshots.Where(one => one.Name == "before").Select(one => one.Id).SingleAsync(Ct));
        var golden = await ReadAsync(db => db.PrivateImages.Select(image => image.Id).SingleAsync(Ct));
        var change = new ChangeVolume(telling, Clock);
        var snapshots = new CreateSnapshot(telling, Clock);
        NewVolume Wish() =>
            new()
            {
                Name = "new",
                SizeGiB = 1,
                RequestToken = Token,
            };
        return
        [
            ("CreateVolume.RunAsync", Of(() => new CreateVolume(telling, Clock).RunAsync(actor, Wish(), Ct))),
            ("ChangeVolume.DetachAsync", Of(() => change.DetachAsync(actor, attached, Ct))),
            ("ChangeVolume.AttachAsync", Of(() => change.AttachAsync(actor, kept, instance, false, Ct))),
            ("ChangeVolume.GrowAsync", Of(() => change.GrowAsync(actor, kept, 8, Ct))),
            ("ChangeVolume.DeleteAsync", Of(() => change.DeleteAsync(actor, attached, Ct))),
            ("CreateSnapshot.RunAsync", Of(() => snapshots.RunAsync(actor, new NewSnapshot(kept, "now", Token), Ct))),
            ("ChangeSnapshot.DeleteAsync", Of(() => new ChangeSnapshot(telling, Clock).DeleteAsync(actor, before, Ct))),
            (
                "CreateImage.RunAsync",
                Of(() => new CreateImage(telling, snapshots, Clock).RunAsync(actor, new NewPrivateImage(instance, "silver", "", Token), Ct))
            ),
            ("ChangeImage.DeleteAsync", Of(() => new ChangeImage(telling, Clock).DeleteAsync(actor, golden, Ct))),
        ];
    }

    private async Task<IReadOnlyList<(string Verb, Func<Task<string?>> Ask)>> OfNetworksAsync(Actor actor)
    {
        var first = await ReadAsync(db => db.NetworkInterfaces.AsNoTracking().SingleAsync(Ct));
        var (home, inner) = (first.NetworkId, await ReadAsync(db => db.Networks.SingleAsync(one => one.Name == "inner", Ct)));
        var group = await ReadAsync(db => db.SecurityGroups.SingleAsync(one => one.NetworkId == home, Ct));
        var web = await ReadAsync(db => db.PublicAddresses.SingleAsync(one => one.Name == "web", Ct));
        var peering = await ReadAsync(db => db.Peerings.Select(one => one.Id).SingleAsync(Ct));
        var (groups, subnets) = (new SecurityGroups(telling, Clock), new EditSubnets(telling, Clock));
        var (interfaces, addresses, peerings) = (
            new Interfaces(telling, Clock),
            new PublicAddresses(telling, Clock),
            new Peerings(telling, Clock)
        );
        NewRule[] rules = [new(RuleDirection.Inbound, TransportProtocol.Tcp, 80, 80, NewRule.Anywhere, null)];
        Task<string> AddedAsync() =>
            ReadAsync(db => db.NetworkInterfaces.Where(one => one.Id != first.Id).Select(one => one.Id).SingleAsync(Ct));
        Task<string> SubnetAsync() => ReadAsync(db => db.Subnets.Where(one => one.Name == "more").Select(one => one.Id).SingleAsync(Ct));
        return
        [
            ("SecurityGroups.SaveRulesAsync", Of(() => groups.SaveRulesAsync(actor, group.Id, rules, Ct))),
            ("SecurityGroups.CreateAsync", Of(() => groups.CreateAsync(actor, home, "more", rules, Ct))),
            ("EditNetwork.SetNatAsync", Of(() => new EditNetwork(telling, Clock).SetNatAsync(actor, home, true, Ct))),
            ("EditSubnets.AddAsync", Of(() => subnets.AddAsync(actor, home, new NewSubnet("more", "10.0.1.0/24"), Ct))),
            ("EditSubnets.RemoveAsync", Of(async () => await subnets.RemoveAsync(actor, home, await SubnetAsync(), Ct))),
            ("Interfaces.AddAsync", Of(() => interfaces.AddAsync(actor, first.InstanceId, first.SubnetId, [group.Id], Ct))),
            ("Interfaces.SetGroupsAsync", Of(() => interfaces.SetGroupsAsync(actor, first.Id, [group.Id], Ct))),
            ("Interfaces.RemoveAsync", Of(async () => await interfaces.RemoveAsync(actor, await AddedAsync(), Ct))),
            ("PublicAddresses.LeadToAsync", Of(() => addresses.LeadToAsync(actor, web.Id, Ports(web), Ct))),
            ("PublicAddresses.DisassociateAsync", Of(() => addresses.DisassociateAsync(actor, web.Id, Ct))),
            ("PublicAddresses.AssociateAsync", Of(() => addresses.AssociateAsync(actor, web.Id, first.Id, Ct))),
            (
                "PublicAddresses.ReleaseAsync",
                async () =>
                {
                    // Its router serves it until the worker comes by.
                    await new PublicAddresses(this, Clock).DisassociateAsync(actor, web.Id, Ct);
                    return (await addresses.ReleaseAsync(actor, web.Id, Ct)).Reason;
                }
            ),
            ("Peerings.DeleteAsync", Of(() => peerings.DeleteAsync(actor, peering, Ct))),
            ("Peerings.CreateAsync", Of(() => peerings.CreateAsync(actor, home, inner.Id, "again", Ct))),
            ("DeleteNetwork.RunAsync", Of(() => new DeleteNetwork(telling, Clock).RunAsync(actor, inner.Id, withContents: true, Ct))),
        ];
    }

    private IReadOnlyList<(string Verb, Func<Task<string?>> Ask)> OfBuckets(Actor actor)
    {
        var (users, secrets) = (Get<StoreUsers>(), Get<BucketSecrets>());
        var (keys, change) = (new AccessKeys(telling, users, secrets, Clock), new ChangeBucket(telling, Clock));
        Task<string> BucketAsync() =>
            ReadAsync(db => db.Buckets.Where(one => one.AccountId == actor.AccountId).Select(one => one.Id).SingleAsync(Ct));
        Task<string> KeyAsync(string name) =>
            ReadAsync(db => db.AccessKeys.Where(one => one.Name == name && one.ExpiresAt == null).Select(one => one.Id).SingleAsync(Ct));
        var objects = new ChangeObjects(telling, Clock);
        var (some, away) = (ObjectSelection.Of("a/"), new ObjectMove("a/", "b/"));
        return
        [
            (
                "CreateBucket.RunAsync",
                async () =>
                    // Of somebody who had none: the store's user comes with it.
                    (
                        await new CreateBucket(telling, users, Clock).RunAsync(
                            await AnAccount.ReadyAsync(this),
                            new NewBucket($"first-{Token}", Token),
                            Ct
                        )
                    ).Reason
            ),
            ("AccessKeys.CreateAsync", Of(() => keys.CreateAsync(actor, new NewAccessKey("third", KeyRights.ReadWrite, null, Token), Ct))),
            ("AccessKeys.RotateAsync", Of(async () => await keys.RotateAsync(actor, await KeyAsync("full"), Token, Ct))),
            ("AccessKeys.RevokeAsync", Of(async () => await keys.RevokeAsync(actor, await KeyAsync("third"), Ct))),
            ("ChangeBucket.SetQuotaAsync", Of(async () => await change.SetQuotaAsync(actor, await BucketAsync(), 5, Ct))),
            ("ChangeObjects.DeleteAsync", Of(async () => await objects.DeleteAsync(actor, await BucketAsync(), some, "Deleting", Ct))),
            ("ChangeObjects.MoveAsync", Of(async () => await objects.MoveAsync(actor, await BucketAsync(), some, away, "Moving", Ct))),
            (
                "ChangeObjects.CancelAsync",
                Of(async () =>
                    await objects.CancelAsync(
                        actor,
                        await ReadAsync(db =>
                            db.ObjectOperations.Where(one => one.State == ObjectOperationState.Pending)
                                .Select(one => one.Id)
                                .FirstOrDefaultAsync(Ct)
                        ) ?? (await new ChangeObjects(this, Clock).DeleteAsync(actor, await BucketAsync(), some, "Deleting", Ct)).Value!.Id,
                        Ct
                    )
                )
            ),
            ("ChangeBucket.DeleteAsync", Of(async () => await change.DeleteAsync(actor, await BucketAsync(), emptyFirst: true, Ct))),
        ];
    }

    private IReadOnlyList<(string Verb, Func<Task<string?>> Ask)> OfAll(Actor actor) =>
        [("CloseAccount.RunAsync", Of(() => new CloseAccount(telling, Clock).RunAsync(actor, FollowAt, Ct)))];

    private Task<string> VolumeAsync(string name) =>
        ReadAsync(db => db.Volumes.Where(volume => volume.Name == name).Select(volume => volume.Id).SingleAsync(Ct));

    private static List<int> Ports(PublicAddress address) => [.. Enumerable.Range(8080, address.GuestPorts.Length)];

    private static Func<Task<string?>> Of(Func<Task<Outcome>> ask) => async () => (await ask()).Reason;

    private static Func<Task<string?>> Of<T>(Func<Task<Outcome<T>>> ask) => async () => (await ask()).Reason;

    private static Func<Task<string?>> Of(Func<Task<ResourceChange>> ask) => async () => (await ask()).Outcome.Reason;
}
