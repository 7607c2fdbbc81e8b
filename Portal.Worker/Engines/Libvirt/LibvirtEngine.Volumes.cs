using System.Xml.Linq;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using static Portal.Worker.Engines.Libvirt.LibvirtLibrary;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>Disks: files of their own, and how machines get and lose them.</summary>
public sealed partial class LibvirtEngine
{
    public async Task<VolumeObservation> EnsureVolumeAsync(VolumeSpec volume, CancellationToken ct)
    {
        if (!files.Has(volume.Id))
        {
            await files.CreateAsync(volume, ct);
        }
        else if (files.SizeOf(volume.Id) < volume.SizeGiB)
        {
            files.Promise(volume.Id, volume.SizeGiB * VolumeFiles.GiB);
            if (!await libvirt.CallAsync(session => GrowRunning(session, volume), ct))
            {
                await WithFileAsync(volume.Id, () => files.GrowAsync(volume, ct), ct);
            }
        }

        return await ObserveVolumeAsync(volume.Id, ct);
    }

    public async Task<VolumeObservation> ObserveVolumeAsync(string volumeId, CancellationToken ct)
    {
        var size = files.SizeOf(volumeId);
        return size == 0
            ? VolumeObservation.Missing
            : new VolumeObservation(size, await libvirt.CallAsync(session => HolderOf(session, volumeId), ct));
    }

    public async Task<VolumeObservation> EnsureAttachedAsync(VolumeAttachment volume, string instanceId, CancellationToken ct)
    {
        if (!files.Has(volume.Volume.Id))
        {
            throw new EngineException(EngineFault.Missing, $"{volume.Volume.Id} is not there.");
        }

        var disk = DomainXml.Disk(instanceId, volume, files.BaseOf(volume.Volume.Id));
        await libvirt.CallAsync(session => Attach(session, EngineFolder.Checked(instanceId), volume.Volume.Id, disk), ct);
        return new VolumeObservation(files.SizeOf(volume.Volume.Id), instanceId);
    }

    public async Task<VolumeObservation> EnsureDetachedAsync(string volumeId, string instanceId, CancellationToken ct)
    {
        var opened = files.Has(volumeId) ? ImagesOf(volumeId) : null;
        var isGone = await libvirt.CallAsync(session => Detach(session, EngineFolder.Checked(instanceId), volumeId, opened), ct);
        return new VolumeObservation(files.SizeOf(volumeId), isGone ? null : instanceId);
    }

    public async Task RemoveVolumeAsync(string volumeId, CancellationToken ct)
    {
        if (await libvirt.CallAsync(session => HolderOf(session, EngineFolder.Checked(volumeId)), ct) is { } holder)
        {
            throw new EngineException(EngineFault.Rejected, $"{holder} still has {volumeId}.");
        }

        files.Remove(volumeId);
    }

    public async Task<VolumeInventory> ListVolumesAsync(CancellationToken ct) =>
        new(files.List(), await libvirt.CallAsync(Attachments, ct));

    /// <summary>
    /// Works with the file of a volume that no machine has. If one holds it all the same, without libvirt's knowledge, it lets go, and the
    /// work is done again.
    /// </summary>
    private async Task WithFileAsync(string volumeId, Func<Task> work, CancellationToken ct)
    {
        try
        {
            await work();
            return;
        }
        catch (EngineException error) when (error.Fault is EngineFault.Unavailable)
        {
            if (!await libvirt.CallAsync(session => DropOrphans(session, volumeId), ct))
            {
                throw;
            }
        }

        await work();
    }

    private bool DropOrphans(LibvirtSession session, string volumeId) =>
        session
            .List()
            .Where(machine => machine.IsOn)
            .Any(machine =>
            {
                using var domain = session.Find(machine.Name);
                return domain is not null
                    && domain.State().State.IsOn()
                    && !domain.Volumes(live: true).ContainsKey(volumeId)
                    && domain.DropOrphans(ImagesOf(volumeId));
            });

    private OpenedImages ImagesOf(string volumeId) => new(EngineFolder.InsideVolume(volumeId), files.BaseOf(volumeId));

    private bool Attach(LibvirtSession session, string instanceId, string volumeId, XElement disk)
    {
        using var domain = session.Find(instanceId) ?? throw new EngineException(EngineFault.Missing, $"There is no machine {instanceId}.");
        var isOn = domain.State().State.IsOn();
        var where =
            (domain.Volumes(live: false).ContainsKey(volumeId) ? 0 : Config)
            | (!isOn || domain.Volumes(live: true).ContainsKey(volumeId) ? 0 : Live);
        if (where == 0)
        {
            return true;
        }

        if (HolderOf(session, volumeId) is { } holder && !string.Equals(holder, instanceId, StringComparison.Ordinal))
        {
            throw new EngineException(EngineFault.Rejected, $"{holder} has {volumeId}.");
        }

        guestFiles.Give(instanceId, volumeId, isOn ? RunsAs(domain) : uids.Of(instanceId));
        try
        {
            domain.Attach(disk, where);
        }
        catch (EngineException)
        {
            // An earlier attempt may have come to QEMU, and libvirtd died before it knew: then QEMU holds the file itself.
            if ((where & Live) == 0 || !domain.DropOrphans(ImagesOf(volumeId)))
            {
                throw;
            }

            domain.Attach(disk, where);
        }

        return true;
    }

    /// <summary>
    /// Whether the machine has it no more. The definition comes first: a guest that is started in between is started without it.
    /// </summary>
    private bool Detach(LibvirtSession session, string instanceId, string volumeId, OpenedImages? opened)
    {
        using var domain = session.Find(instanceId);
        var isOut = domain is null || Detach(domain, volumeId, opened);
        if (isOut)
        {
            var left = domain is null
                ? []
                : domain.Volumes(live: false).Keys.Concat(domain.State().State.IsOn() ? domain.Volumes(live: true).Keys : []).ToList();
            guestFiles.TakeBack(instanceId, volumeId, left, uids.Find(instanceId), folder.Settings().SharedUid);
        }

        return isOut;
    }

    private static bool Detach(Domain domain, string volumeId, OpenedImages? opened)
    {
        if (domain.Volumes(live: false).TryGetValue(volumeId, out var defined))
        {
            domain.Detach(defined, Config);
        }

        if (!domain.State().State.IsOn())
        {
            return true;
        }

        if (!domain.Volumes(live: true).TryGetValue(volumeId, out var running))
        {
            // Of an attachment that was cut off, QEMU may hold more than libvirt knows: no other machine could have the volume.
            if (opened is not null)
            {
                domain.DropOrphans(opened);
            }

            return true;
        }

        domain.Detach(running, Live);
        return !domain.State().State.IsOn() || !domain.Volumes(live: true).ContainsKey(volumeId);
    }

    /// <summary>False if no running machine has it.</summary>
    private static bool GrowRunning(LibvirtSession session, VolumeSpec volume)
    {
        foreach (var machine in session.List())
        {
            using var domain = session.Find(machine.Name);
            if (domain is not null && domain.State().State.IsOn() && domain.Volumes(live: true).TryGetValue(volume.Id, out var disk))
            {
                domain.Resize(disk, volume.SizeGiB * VolumeFiles.GiB);
                return true;
            }
        }

        return false;
    }

    private static string? HolderOf(LibvirtSession session, string volumeId) =>
        session
            .List()
            .Select(machine => machine.Name)
            .FirstOrDefault(name =>
            {
                using var domain = session.Find(name);
                return domain is not null
                    && (
                        domain.Volumes(live: false).ContainsKey(volumeId)
                        || (domain.State().State.IsOn() && domain.Volumes(live: true).ContainsKey(volumeId))
                    );
            });

    /// <summary>What running machines have, and what those that are off will have.</summary>
    private static Dictionary<string, string> Attachments(LibvirtSession session)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var machine in session.List())
        {
            using var domain = session.Find(machine.Name);
            foreach (var id in domain?.Volumes(live: domain.State().State.IsOn()).Keys ?? [])
            {
                found[id] = machine.Name;
            }
        }

        return found;
    }
}
