using System.Diagnostics;
using System.Xml.Linq;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Compute;
using Portal.Tests.EndToEnd;
using Portal.Tests.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Bench;

/// <summary>
/// (g) Attach, grow, snapshot and detach of a volume of a running guest: from the customer's request until Portal says that it is done, and
/// turn by turn the same calls of libvirt made directly, on a volume of the same size and content in the same guest.
/// </summary>
internal sealed class VolumeVerbs : IDisposable
{
    private const int Rounds = 9;

    /// <summary>What a request may cost besides: it is accepted, queued, taken up and written down.</summary>
    private const double FixedMilliseconds = 150;

    private const string ByHand = "sdp";

    private readonly WholePortal portal;
    private readonly IDbContextFactory<PortalDb> dbs;
    private readonly Actor actor;
    private readonly TestEngine engine;
    private readonly EngineFolder folder;
    private readonly LibvirtConnection libvirt;
    private readonly Dictionary<string, (List<double> Portal, List<double> Direct)> samples = new(StringComparer.Ordinal);

    private VolumeVerbs(WholePortal portal, IDbContextFactory<PortalDb> dbs, Actor actor, TestEngine engine)
    {
        (this.portal, this.dbs, this.actor, this.engine, folder) = (portal, dbs, actor, engine, new EngineFolder(engine.Folder));
        libvirt = new LibvirtConnection(folder);
    }

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var engine = new TestEngine();
        await engine.InitializeAsync();
        await using var portal = await WholePortal.StartAsync(database, engine);
        var dbs = portal.Web.Services.GetRequiredService<IDbContextFactory<PortalDb>>();
        var actor = await AnAccount.ReadyAsync(dbs);
        var (_, instance) = await CreateToSsh.ThroughPortalAsync(portal, dbs, actor, await CreateToSsh.ReadyAsync(dbs), engine);
        using var bench = new VolumeVerbs(portal, dbs, actor, engine);
        return await bench.RunAsync(instance);
    }

    public void Dispose() => libvirt.Dispose();

    private async Task<IReadOnlyList<Figure>> RunAsync(string instanceId)
    {
        var made = await portal
            .Web.Services.GetRequiredService<CreateVolume>()
            .RunAsync(
                actor,
                new NewVolume
                {
                    Name = "bench",
                    SizeGiB = 1,
                    RequestToken = ResourceIds.New("token"),
                },
                default
            );
        var volume = made.Value ?? throw new InvalidOperationException(made.Reason);
        await SeenAsync(volume.Id, row => row.State == VolumeState.Available);
        await using var db = await dbs.CreateDbContextAsync();
        var other = (await db.Volumes.AsNoTracking().Include(row => row.Type).SingleAsync(row => row.Id == volume.Id)).Spec with
        {
            Id = ResourceIds.New("vol"),
        };
        await engine.Engine.EnsureVolumeAsync(other, default);
        foreach (var id in new[] { volume.Id, other.Id })
        {
            await TestEngine.RunAsync("qemu-io", "-c", "write -P 7 0 64M", QemuImg.Described(folder.Volume(id), null, path => path));
        }

        for (var round = 0; round <= Rounds; round++)
        {
            await ThroughPortalAsync(volume.Id, instanceId, round);
            await DirectlyAsync(other, instanceId, round);
        }

        // The first round warms both sides up.
        return [.. samples.Select(verb => Beyond(verb.Key, [.. verb.Value.Portal.Skip(1)], [.. verb.Value.Direct.Skip(1)]))];
    }

    private static Figure Beyond(string verb, IReadOnlyList<double> through, IReadOnlyList<double> direct)
    {
        var baseline = Figure.Median(direct);
        return new Figure(
            $"(g) {verb}: Portal beyond {FixedMilliseconds:0} ms against libvirt, medians",
            Figure.Median(through.Zip(direct, (portal, raw) => (portal - FixedMilliseconds) / raw)) * baseline,
            "ms",
            baseline,
            1.25,
            BarIsRatio: true
        );
    }

    private async Task ThroughPortalAsync(string id, string instanceId, int round)
    {
        var change = portal.Web.Services.GetRequiredService<ChangeVolume>();
        await TimedAsync(
            "attach",
            through: true,
            async () =>
            {
                Done(await change.AttachAsync(actor, id, instanceId, false, default));
                await SeenAsync(id, row => row.State == VolumeState.InUse && row.Waiting == null);
            }
        );
        await TimedAsync(
            "grow",
            through: true,
            async () =>
            {
                Done(await change.GrowAsync(actor, id, round + 2, default));
                await SeenAsync(id, row => row.MadeGiB == round + 2);
            }
        );
        await TimedAsync(
            "snapshot",
            through: true,
            async () =>
            {
                var taken = await portal
                    .Web.Services.GetRequiredService<CreateSnapshot>()
                    .RunAsync(actor, new NewSnapshot(id, $"bench-{round}", ResourceIds.New("token")), default);
                var snapshot = taken.Value ?? throw new InvalidOperationException(taken.Reason);
                await Until.TrueAsync(async () =>
                {
                    await using var db = await dbs.CreateDbContextAsync();
                    return await db.Snapshots.AnyAsync(row => row.Id == snapshot.Id && row.State == SnapshotState.Completed);
                });
            }
        );
        await TimedAsync(
            "detach",
            through: true,
            async () =>
            {
                Done(await change.DetachAsync(actor, id, default));
                await SeenAsync(id, row => row.State == VolumeState.Available);
            }
        );
    }

    private async Task DirectlyAsync(VolumeSpec volume, string instanceId, int round)
    {
        await TimedAsync(
            "attach",
            through: false,
            () =>
                OnAsync(
                    instanceId,
                    domain =>
                    {
                        Libc.GiveTo(folder.Volume(volume.Id), domain.RunsAs()!.Value, -1);
                        domain.Attach(
                            DomainXml.Disk(instanceId, new VolumeAttachment(volume, ByHand), null),
                            LibvirtLibrary.Config | LibvirtLibrary.Live
                        );
                    }
                )
        );
        await TimedAsync(
            "grow",
            through: false,
            () => OnAsync(instanceId, domain => domain.Resize(domain.Volumes(live: true)[volume.Id], (round + 2) * VolumeFiles.GiB))
        );
        await TimedAsync("snapshot", through: false, () => CopyAsync(instanceId, round));
        await TimedAsync(
            "detach",
            through: false,
            async () =>
            {
                await OnAsync(
                    instanceId,
                    domain =>
                    {
                        domain.Detach(domain.Volumes(live: false)[volume.Id], LibvirtLibrary.Config);
                        domain.Detach(domain.Volumes(live: true)[volume.Id], LibvirtLibrary.Live);
                    }
                );
                await Until.TrueAsync(() =>
                    libvirt.CallAsync(session => !session.Find(instanceId)!.Volumes(live: true).ContainsKey(volume.Id), default)
                );
            }
        );
    }

    /// <summary>A file, the order, and looks at the machine until it has no job any more.</summary>
    private async Task CopyAsync(string instanceId, int round)
    {
        var qemuImg = new QemuImg(folder, new GuestUids(folder));
        var files = new SnapshotFiles(folder, new VolumeFiles(folder, qemuImg), qemuImg);
        var id = ResourceIds.New("snap");
        var uid = 0;
        await OnAsync(instanceId, domain => uid = domain.RunsAs()!.Value);
        var target = await files.NewTargetAsync(id, (round + 2) * VolumeFiles.GiB, uid, default);
        await OnAsync(
            instanceId,
            domain =>
                domain.BeginBackup(
                    XElement.Parse(
                        $"<domainbackup mode='push'><disks><disk name='{ByHand}' backup='yes' type='file'><driver type='qcow2'/><target file='{EngineFolder.InsideCopy(target)}'/></disk></disks></domainbackup>"
                    )
                )
        );
        await Until.TrueAsync(() => libvirt.CallAsync(session => !session.Find(instanceId)!.HasJob(), default));
        files.Drop(id);
    }

    private Task<bool> OnAsync(string instanceId, Action<Domain> call) =>
        libvirt.CallAsync(
            session =>
            {
                using var domain = session.Find(instanceId)!;
                call(domain);
                return true;
            },
            default
        );

    private async Task TimedAsync(string verb, bool through, Func<Task> action)
    {
        var start = Stopwatch.GetTimestamp();
        await action();
        if (!samples.TryGetValue(verb, out var both))
        {
            samples[verb] = both = ([], []);
        }

        (through ? both.Portal : both.Direct).Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private static void Done(ResourceChange change)
    {
        if (!change.Outcome.IsDone)
        {
            throw new InvalidOperationException(change.Outcome.Reason);
        }
    }

    private Task SeenAsync(string id, System.Linq.Expressions.Expression<Func<Volume, bool>> condition) =>
        Until.TrueAsync(async () =>
        {
            await using var db = await dbs.CreateDbContextAsync();
            return await db.Volumes.Where(row => row.Id == id).AnyAsync(condition);
        });
}
