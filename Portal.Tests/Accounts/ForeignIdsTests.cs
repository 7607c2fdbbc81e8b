using System.Collections;
using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Model.Accounts;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>
/// Every verb of customers that takes an id, called for each of its ids with everything of the caller's own but that: another customer's
/// is answered as one that never was, so that nobody learns what there is. A verb whose ids are not in <see cref="Ids"/> fails.
/// </summary>
[Trait("Needs", "database")]
public sealed class ForeignIdsTests(TestPostgres postgres) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    /// <summary>Of the catalogue or of no customer: everybody names the same.</summary>
    private static readonly string[] Everybodys = ["RegionId", "SizeId", "TypeId", "UserId", "ScheduleId"];

    /// <summary>What a parameter or a field of a form names, by its own name, or for an <c>id</c> by its verb's class.</summary>
    private static readonly Dictionary<string, Func<Owned, string>> Ids = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ChangeInstance.id"] = own => own.Instance,
        ["EditInstance.id"] = own => own.Instance,
        ["TagInstance.id"] = own => own.Instance,
        ["ResizeInstance.id"] = own => own.Instance,
        ["RebuildInstance.id"] = own => own.Instance,
        ["ChangeGuest.id"] = own => own.Instance,
        ["ChangeImage.id"] = own => own.Image,
        ["ChangeVolume.id"] = own => own.Volume,
        ["ChangeSnapshot.id"] = own => own.Snapshot,
        ["KeyPairs.id"] = own => own.Key,
        ["DeleteNetwork.id"] = own => own.Network,
        ["EditNetwork.id"] = own => own.Network,
        ["SecurityGroups.id"] = own => own.Group,
        ["Peerings.id"] = own => own.Peering,
        ["PublicAddresses.id"] = own => own.Address,
        ["ChangeBucket.id"] = own => own.Bucket,
        ["AccessKeys.id"] = own => own.AccessKey,
        ["ChangeObjects.id"] = own => own.Operation,
        ["AlertRules.id"] = own => own.Alert,
        ["InstanceId"] = own => own.Instance,
        ["ResourceId"] = own => own.Instance,
        ["VolumeId"] = own => own.Volume,
        ["SnapshotId"] = own => own.Snapshot,
        ["ImageId"] = own => own.Image,
        ["KeyPairId"] = own => own.Key,
        ["NetworkId"] = own => own.Network,
        ["PeerId"] = own => own.OtherNetwork,
        ["SubnetId"] = own => own.Subnet,
        ["GroupId"] = own => own.Group,
        ["SecurityGroupId"] = own => own.Group,
        ["InterfaceId"] = own => own.Interface,
        ["BucketId"] = own => own.Bucket,
        ["CardId"] = own => own.Card,
    };

    private readonly FakeTimeProvider clock = new(AnAccount.Now);

    [Fact]
    public async Task Every_verb_answers_anothers_id_as_one_that_never_was()
    {
        await using var services = Services();
        var (image, ada, eve) = (await AnAccount.ImageAsync(this), await OwnAsync(services), await OwnAsync(services));
        var asked = 0;
        foreach (var verb in Verbs())
        {
            foreach (var (name, arguments) in ArgumentsOf(verb, eve, image))
            {
                asked++;
                var anothers = await RefusalAsync(services, verb, arguments(Ids[name](ada)));
                var nobodys = await RefusalAsync(services, verb, arguments(Unlike(Ids[name](ada))));
                Assert.True(
                    anothers is { Kind: RefusalKind.NotFound } && anothers == nobodys,
                    $"{verb.DeclaringType!.Name}.{verb.Name}, {name}: another's gives {anothers?.Kind} “{anothers}”, "
                        + $"none {nobodys?.Kind} “{nobodys}”."
                );
            }
        }

        Assert.InRange(asked, 60, int.MaxValue);
        await using var db = CreateDbContext();
        Assert.Empty(await db.AuditEntries.Select(row => row.Action).ToListAsync(Ct));
    }

    private static IEnumerable<MethodInfo> Verbs() =>
        new[] { typeof(PortalDb).Assembly, typeof(WebHost).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => type is { IsClass: true, IsNested: false })
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(method =>
                method.GetParameters() is [{ ParameterType: var first }, ..]
                && first == typeof(Actor)
                && method.GetCustomAttribute<OperatorVerbAttribute>() is null
                && method.ReturnType is { IsGenericType: true } task
                && task.GetGenericTypeDefinition() == typeof(Task<>)
                && Tells(task.GenericTypeArguments[0])
            );

    private static bool Tells(Type answer) =>
        answer == typeof(Outcome)
        || answer == typeof(ResourceChange)
        || answer == typeof(IReadOnlyList<ResourceChange>)
        || (answer.IsGenericType && answer.GetGenericTypeDefinition() == typeof(Outcome<>));

    /// <summary>
    /// For each id that the verb takes, its name in <see cref="Ids"/> and the verb's arguments with another in its place.
    /// </summary>
    private static IEnumerable<(string Name, Func<string, object?[]> With)> ArgumentsOf(MethodInfo verb, Owned own, Image image)
    {
        var parameters = verb.GetParameters();
        var usual = Array.ConvertAll(parameters, parameter => Usual(verb, parameter, own, image));
        foreach (var (place, parameter) in parameters.Index())
        {
            object?[] With(object? argument) => [.. usual.Index().Select(one => one.Index == place ? argument : one.Item)];
            if (NameOf(verb, parameter.Name!, parameter.ParameterType) is { } name)
            {
                yield return (name, id => With(As(parameter.ParameterType, id)));
            }

            foreach (var (field, change) in FieldsOf(verb, parameter.ParameterType, usual[place]))
            {
                yield return (field, id => With(change(id)));
            }
        }
    }

    /// <summary>The ids within a form, and within what it is a list of.</summary>
    private static IEnumerable<(string Name, Func<string, object> With)> FieldsOf(MethodInfo verb, Type type, object? usual)
    {
        if (usual is IList and [{ } row, ..] && !row.GetType().IsPrimitive && row is not string)
        {
            foreach (var (name, change) in FieldsOf(verb, row.GetType(), row))
            {
                yield return (
                    name,
                    id =>
                    {
                        var changed = Array.CreateInstance(row.GetType(), 1);
                        changed.SetValue(change(id), 0);
                        return changed;
                    }
                );
            }
        }

        if (
            usual is null
            || type.Namespace?.StartsWith("Portal", StringComparison.Ordinal) is not true
            || !type.IsClass
            || type == typeof(Actor)
        )
        {
            yield break;
        }

        foreach (var property in type.GetProperties().Where(property => property.CanWrite))
        {
            object Changed(object? value)
            {
                var copy = type.GetMethod("<Clone>$")!.Invoke(usual, null)!;
                property.SetValue(copy, value);
                return copy;
            }

            if (NameOf(verb, property.Name, property.PropertyType) is { } name)
            {
                yield return (name, id => Changed(As(property.PropertyType, id)));
            }
            else
            {
                foreach (var (inner, change) in FieldsOf(verb, property.PropertyType, property.GetValue(usual)))
                {
                    yield return (inner, id => Changed(change(id)));
                }
            }
        }
    }

    /// <summary>Null for what is no customer's id.</summary>
    private static string? NameOf(MethodInfo verb, string name, Type type)
    {
        var single = name.EndsWith('s') && type != typeof(string) ? name[..^1] : name;
        return Everybodys.Contains(single, StringComparer.OrdinalIgnoreCase)
            || !(single is "id" || single.EndsWith("Id", StringComparison.Ordinal))
            || !type.IsAssignableFrom(type == typeof(string) ? typeof(string) : typeof(string[]))
                ? null
            : single is "id" ? $"{verb.DeclaringType!.Name}.id"
            : single;
    }

    private static object As(Type type, string id) => type == typeof(string) ? id : new[] { id };

    private static object? Usual(MethodInfo verb, ParameterInfo parameter, Owned own, Image image) =>
        NameOf(verb, parameter.Name!, parameter.ParameterType) is { } name
            ? name is "ImageId"
                ? image.Id
                : As(parameter.ParameterType, Ids[name](own))
            : parameter.ParameterType switch
            {
                var type when type == typeof(Actor) => own.Actor,
                var type when type == typeof(CancellationToken) => Ct,
                var type when type == typeof(NewInstances) => AnAccount.Wish(image) with { Volumes = [new ExtraVolume(1)] },
                var type when type == typeof(NewVolume) => new NewVolume
                {
                    Name = "data",
                    SizeGiB = 8,
                    RequestToken = $"{Guid.NewGuid():N}",
                },
                var type when type == typeof(NewSnapshot) => new NewSnapshot(own.Volume, "before", $"{Guid.NewGuid():N}"),
                var type when type == typeof(NewPrivateImage) => new NewPrivateImage(own.Instance, "mine", "", $"{Guid.NewGuid():N}"),
                var type when type == typeof(NewAccessKey) => new NewAccessKey(
                    "backup",
                    KeyRights.ReadOnly,
                    own.Bucket,
                    $"{Guid.NewGuid():N}"
                ),
                var type when type == typeof(NewSubnet) => new NewSubnet("more", "10.0.99.0/24"),
                var type when type == typeof(AlertWish) => new AlertWish(Metric.Cpu, AlertSide.Above, 90, 5, own.Actor.UserId),
                var type when type == typeof(BackupWish) => BackupWish.Default,
                var type when type == typeof(ObjectSelection) => ObjectSelection.Of("a.txt"),
                var type when type == typeof(ObjectMove) => new ObjectMove("a.txt", "b.txt"),
                var type when type == typeof(IReadOnlyList<NewRule>) => new[]
                {
                    new NewRule(RuleDirection.Inbound, TransportProtocol.Tcp, 22, 22, null, own.Group),
                },
                var type when type == typeof(IReadOnlyList<int>) => Enumerable.Range(1, 16).ToArray(),
                var type when type == typeof(IReadOnlyDictionary<string, string>) => new Dictionary<string, string>(StringComparer.Ordinal),
                var type when type == typeof(string) => parameter.HasDefaultValue ? null : $"{parameter.Name}-{Guid.NewGuid():N}",
                { IsValueType: true } type when Nullable.GetUnderlyingType(type) is null => Activator.CreateInstance(type),
                _ => null,
            };

    /// <summary>One of the same looks that nothing has.</summary>
    private static string Unlike(string id) => $"{id[..(id.IndexOfAny(['-', '_']) + 1)]}{Guid.NewGuid():N}"[..id.Length];

    private async Task<Refusal?> RefusalAsync(ServiceProvider services, MethodInfo verb, object?[] arguments)
    {
        var running = (Task)verb.Invoke(ActivatorUtilities.GetServiceOrCreateInstance(services, verb.DeclaringType!), arguments)!;
        await running;
        return running.GetType().GetProperty("Result")!.GetValue(running) switch
        {
            Outcome outcome => outcome.Refusal,
            ResourceChange change => change.Outcome.Refusal,
            IReadOnlyList<ResourceChange> changes => changes.Single().Outcome.Refusal,
            var made => (Refusal?)made!.GetType().GetProperty(nameof(Outcome.Refusal))!.GetValue(made),
        };
    }

    private ServiceProvider Services() =>
        new ServiceCollection()
            .AddSingleton<IDbContextFactory<PortalDb>>(this)
            .AddSingleton<TimeProvider>(clock)
            .AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider())
            .AddSingleton<GuestSecrets>()
            .AddSingleton<BucketSecrets>()
            .AddSingleton<StoreUsers>()
            .AddSingleton<CreateSnapshot>()
            .BuildServiceProvider();

    /// <summary>A customer who may do all, with one of everything, each in a state in which most can be done with it.</summary>
    private async Task<Owned> OwnAsync(ServiceProvider services)
    {
        var actor = await AnAccount.ReadyAsync(this);
        await using var db = CreateDbContext();
        var tenant = new Tenant(
            await db.Accounts.SingleAsync(account => account.Id == actor.AccountId, Ct),
            await db.Projects.SingleAsync(project => project.AccountId == actor.AccountId, Ct),
            await db.Networks.SingleAsync(network => network.AccountId == actor.AccountId, Ct),
            await db.Subnets.SingleAsync(subnet => subnet.AccountId == actor.AccountId, Ct),
            await db.SecurityGroups.SingleAsync(group => group.AccountId == actor.AccountId, Ct)
        );
        var instance = await tenant.RequestAsync(db);
        instance.Volumes.Single().ObserveMade(4);
        instance.Observe(new MachineObservation(MachinePower.Running, 0, true, null, null, AgentAnswers: true), AnAccount.Now);
        var volume = tenant.AVolume(8, AnAccount.Now);
        volume.ObserveMade(8);
        var snapshot = ASnapshot(tenant, instance.Volumes.Single(), "kept");
        var ofImage = ASnapshot(tenant, instance.Volumes.Single(), "of the image");
        var image = new PrivateImage
        {
            Id = ResourceIds.New("ami"),
            AccountId = actor.AccountId,
            Name = "mine",
            Description = "",
            CreatedAt = AnAccount.Now,
            ProjectId = tenant.Project.Id,
            RegionId = "local",
            InstanceId = instance.Id,
            BaseId = instance.ImageId,
            SnapshotId = ofImage.Id,
            RequestToken = ResourceIds.New("token"),
        };
        var key = new KeyPair
        {
            Id = ResourceIds.New("key"),
            AccountId = actor.AccountId,
            Name = "laptop",
            CreatedAt = AnAccount.Now,
            PublicKey = AnAccount.Ed25519,
            Fingerprint = ResourceIds.New("SHA256:"),
        };
        var other = DefaultNetwork.For(tenant.Project, AnAccount.Now);
        var peering = new Peering
        {
            Id = ResourceIds.New("pcx"),
            AccountId = actor.AccountId,
            Name = "both",
            CreatedAt = AnAccount.Now,
            NetworkId = tenant.Network.Id,
            PeerNetworkId = other.Id,
        };
        var address = PublicAddress.OfRange(
            actor.AccountId,
            "local",
            IPAddress.Parse($"192.0.2.{await db.PublicAddresses.CountAsync(Ct) + 1}"),
            "web",
            AnAccount.Now
        );
        var alert = new AlertRule
        {
            Id = ResourceIds.New("alarm"),
            AccountId = actor.AccountId,
            ResourceId = instance.Id,
            RegionId = "local",
            CreatedAt = AnAccount.Now,
        };
        alert.Set(new AlertWish(Metric.Cpu, AlertSide.Above, 80, 5, actor.UserId));
        db.AddRange(volume, snapshot, ofImage, image, key, other, peering, address, alert);
        await db.SaveChangesAsync(Ct);
        var user = await BucketRows.AddUserAsync(db, services.GetRequiredService<BucketSecrets>(), actor.AccountId, "http://127.0.0.1:9");
        var bucket = await BucketRows.AddBucketAsync(db, user, $"bucket-{Guid.NewGuid():N}");
        var accessKey = new AccessKey
        {
            Id = ResourceIds.New(AccessKey.Prefix),
            AccountId = actor.AccountId,
            ProjectId = tenant.Project.Id,
            RegionId = "local",
            UserId = user.Id,
            Name = "backup",
            CreatedAt = AnAccount.Now,
            AccessKeyId = BucketSecrets.Make().AccessKeyId,
            Rights = KeyRights.ReadOnly,
            RequestToken = ResourceIds.New("token"),
        }.Requested("sealed", AnAccount.Now);
        var operation = ObjectOperation.Of(
            bucket,
            actor.UserId,
            ObjectOperationKind.Delete,
            ObjectSelection.Of("a.txt"),
            null,
            "Deleting a.txt",
            AnAccount.Now
        );
        db.AddRange(accessKey, operation);
        await db.SaveChangesAsync(Ct);
        return new Owned(
            actor,
            instance.Id,
            volume.Id,
            snapshot.Id,
            image.Id,
            key.Id,
            tenant.Network.Id,
            other.Id,
            tenant.Subnet.Id,
            tenant.Group.Id,
            instance.Interfaces.Single().Id,
            peering.Id,
            address.Id,
            bucket.Id,
            accessKey.Id,
            alert.Id,
            operation.Id,
            await db.Cards.Where(card => card.AccountId == actor.AccountId).Select(card => card.Id).SingleAsync(Ct)
        );
    }

    private static Snapshot ASnapshot(Tenant tenant, Volume volume, string name)
    {
        var snapshot = new Snapshot
        {
            Id = ResourceIds.New("snap"),
            AccountId = tenant.Account.Id,
            Name = name,
            CreatedAt = AnAccount.Now,
            ProjectId = tenant.Project.Id,
            RegionId = "local",
            VolumeId = volume.Id,
            SizeGiB = 4,
            RequestToken = ResourceIds.New("token"),
        };
        snapshot.Observe(new SnapshotObservation(true, 0, AnAccount.Now, true), AnAccount.Now);
        return snapshot;
    }

    private sealed record Owned(
        Actor Actor,
        string Instance,
        string Volume,
        string Snapshot,
        string Image,
        string Key,
        string Network,
        string OtherNetwork,
        string Subnet,
        string Group,
        string Interface,
        string Peering,
        string Address,
        string Bucket,
        string AccessKey,
        string Alert,
        string Operation,
        string Card
    );
}
