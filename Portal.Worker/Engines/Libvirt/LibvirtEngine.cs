using System.Net.Sockets;
using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>The embedded engine: machines of a private libvirtd, on networks of their own.</summary>
public sealed partial class LibvirtEngine : IComputeEngine, INetworkEngine, IVolumeEngine, IDisposable
{
    private readonly EngineFolder folder;
    private readonly TimeProvider clock;
    private readonly LibvirtConnection libvirt;
    private readonly Routers routers;
    private readonly VolumeFiles files;
    private readonly GuestFiles guestFiles;
    private readonly GuestUids uids;
    private readonly SnapshotFiles snapshots;
    private readonly ImageStore images;
    private readonly SshProbes probes;

    public LibvirtEngine(EngineFolder folder, TypedAddresses outside, TimeProvider clock, UplinkLimits? limits = null)
    {
        (this.folder, this.clock, probes) = (folder, clock, new SshProbes(clock));
        (libvirt, routers, uids) = (
            new LibvirtConnection(folder),
            new Routers(folder, limits ?? UplinkLimits.Default),
            new GuestUids(folder)
        );
        var qemuImg = new QemuImg(folder, uids);
        files = new VolumeFiles(folder, qemuImg);
        (snapshots, images, guestFiles) = (
            new SnapshotFiles(folder, files, qemuImg),
            new ImageStore(folder, qemuImg, outside, clock),
            new GuestFiles(folder, files)
        );
    }

    public async Task<MachineObservation> EnsureMachineAsync(InstanceSpec instance, CancellationToken ct)
    {
        var settings = folder.Settings();
        if (
            !instance.Volumes.Any(volume => volume.IsRoot)
            || instance.Volumes.FirstOrDefault(volume => !files.Has(volume.Volume.Id)) is not null
        )
        {
            throw new EngineException(EngineFault.Missing, $"A volume of {instance.Id} is not there.");
        }

        if (!routers.Has(instance.NetworkId, instance.Interfaces))
        {
            throw new EngineException(EngineFault.Missing, $"The network of {instance.Id} is not there, or does not know it.");
        }

        GuestFolder.Create(folder, instance.Id);
        await CloudInitSeed.WriteAsync(instance, folder.Seed(instance.Id), ct);
        if (instance.Rescue)
        {
            await RescueSystem.PrepareAsync(folder, instance, ct);
        }

        PublishedPorts.Ensure(settings, instance);
        await libvirt.CallAsync(session => Ensure(session, instance), ct);
        var seen = await ObserveAsync(instance, ct);
        if (!instance.Rescue && (seen.Power is MachinePower.Off || seen.RebootsDone >= instance.RebootsWanted))
        {
            RescueSystem.Clear(folder, instance.Id);
        }

        var isBehind =
            seen.Power is MachinePower.Running && (instance.Power is MachinePower.Off || seen.RebootsDone < instance.RebootsWanted);
        return seen with { IsUnderWay = seen.IsUnderWay || isBehind };
    }

    public async Task<IReadOnlyDictionary<string, MachineGlance>> ObserveAllAsync(CancellationToken ct) =>
        await libvirt.CallAsync(Glance, ct);

    public async Task<MachineObservation> ObserveAsync(InstanceSpec instance, CancellationToken ct)
    {
        var seen = await libvirt.CallAsync(session => Look(session, EngineFolder.Checked(instance.Id)), ct);
        if (seen.Power is not MachinePower.Running)
        {
            return seen;
        }

        var answers =
            instance.Interfaces is [var networkInterface, ..]
            && await probes.AnswersAsync(instance.Id, folder.Settings().Router(instance.NetworkId), networkInterface.Address, ct);
        return seen with { SshAnswers = answers, HostKey = SerialLog.HostKey(folder.SerialLog(instance.Id, instance.Rescue)) };
    }

    public async Task RemoveAsync(InstanceSpec instance, CancellationToken ct)
    {
        PublishedPorts.Remove(folder.Settings(), EngineFolder.Checked(instance.Id));
        await libvirt.CallAsync(session => Remove(session, instance.Id), ct);
        GuestFolder.Remove(folder, instance.Id);
        uids.Release(instance.Id);
        behindWalls.TryRemove(instance.Id, out _);
        probes.Forget(instance.Id);
    }

    public async Task<EngineInventory> ListAsync(CancellationToken ct)
    {
        var machines = await libvirt.CallAsync(session => session.List(), ct);
        return new EngineInventory(
            [.. machines.Select(machine => machine.Name).Union(GuestFolder.List(folder), StringComparer.Ordinal)],
            routers.List()
        );
    }

    public async Task<EngineCapacity> CapacityAsync(CancellationToken ct) =>
        await libvirt.CallAsync(
            session =>
            {
                var machines = session.List();
                return HostCapacity.Of(folder, machines, files.BytesPromised()) with
                {
                    Walls = folder.Settings().Walls,
                    GuestsWaiting = Waiting(session, machines),
                };
            },
            ct
        );

    public Task<IReadOnlyList<string>> ImagesAsync(CancellationToken ct) => Task.FromResult(images.List());

    public Task FetchImageAsync(ImageSource source, IProgress<ImageProgress>? progress, CancellationToken ct) =>
        images.FetchAsync(source, progress, ct);

    public async Task<Stream> OpenConsoleAsync(string instanceId, ConsoleKind kind, CancellationToken ct)
    {
        if (kind is ConsoleKind.Graphical)
        {
            var display = await libvirt.CallAsync(session => OpenDisplay(session, EngineFolder.Checked(instanceId)), ct);
            return new NetworkStream(new Socket(new SafeSocketHandle(display, ownsHandle: true)), ownsSocket: true);
        }

        var path = folder.Settings().SerialSocket(instanceId);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new EngineException(EngineFault.Missing, $"{instanceId} is not running.", error);
        }
    }

    private static nint OpenDisplay(LibvirtSession session, string instanceId)
    {
        using var domain = session.Find(instanceId);
        return domain is not null && domain.State().State.IsOn()
            ? domain.OpenDisplay()
            : throw new EngineException(EngineFault.Missing, $"{instanceId} is not running.");
    }

    public Task<string> ReadSerialLogAsync(string instanceId, int maxBytes, CancellationToken ct) =>
        Task.FromResult(
            SerialLog.Tail(SerialLog.Newer(folder.SerialLog(instanceId), folder.SerialLog(instanceId, isRescue: true)), maxBytes)
        );

    public void Dispose()
    {
        libvirt.Dispose();
        routers.Dispose();
    }
}
