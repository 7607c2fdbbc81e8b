using System.Xml.Linq;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Snapshots: full copies. That of a disk with which a machine runs is made by its QEMU (libvirt's push backup), which keeps the moment of
/// its beginning however long it takes; any other by qemu-img. docs/decisions/snapshots.md tells why.
/// </summary>
public sealed partial class LibvirtEngine
{
    public async Task<SnapshotObservation> EnsureSnapshotAsync(SnapshotSpec snapshot, CancellationToken ct)
    {
        if (snapshots.Has(snapshot.Id) || (snapshots.ReadMark(snapshot.Id) is { } mark && await FollowAsync(snapshot.Id, mark, ct)))
        {
            return Seen(snapshot.Id);
        }

        if (!files.Has(snapshot.VolumeId))
        {
            throw new EngineException(EngineFault.Missing, $"{snapshot.VolumeId} is not there.");
        }

        var runner = await libvirt.CallAsync(session => RunnerOf(session, snapshot.VolumeId), ct);
        if (runner is null)
        {
            await CopyAsync(snapshot, ct);
        }
        else if (await IsFreeAsync(runner, ct))
        {
            await BeginAsync(snapshot, runner, ct);
        }

        return Seen(snapshot.Id);
    }

    public async Task RemoveSnapshotAsync(string snapshotId, CancellationToken ct)
    {
        if (!snapshots.Has(snapshotId) && snapshots.ReadMark(snapshotId) is { Machine: { } machine } mark)
        {
            await libvirt.CallAsync(session => Abort(session, machine, mark.File), ct);
        }

        snapshots.Remove(snapshotId);
        files.RemoveUnusedBases();
    }

    public Task<IReadOnlyList<string>> ListSnapshotsAsync(CancellationToken ct) => Task.FromResult(snapshots.List());

    private SnapshotObservation Seen(string id)
    {
        var mark = snapshots.ReadMark(id);
        return snapshots.Has(id)
            ? new SnapshotObservation(true, snapshots.BytesOf(id), mark?.TakenAt, mark?.Quiesced is true)
            : new SnapshotObservation(false, 0, mark?.TakenAt, mark?.Quiesced is true);
    }

    /// <summary>Whether a copy that was begun is under way or whole; one that broke off is dropped, to be begun anew.</summary>
    private async Task<bool> FollowAsync(string id, SnapshotMark mark, CancellationToken ct)
    {
        var progress = mark.Machine is null ? CopyProgress.None : await libvirt.CallAsync(session => LookAtCopy(session, mark), ct);
        switch (progress)
        {
            case CopyProgress.Done:
                snapshots.Finish(id, mark);
                return true;
            case CopyProgress.Running when !mark.HasBegun:
                // The worker that gave the order was cut off before it could say so; whether the guest was quiet is not known then.
                snapshots.WriteMark(id, mark with { HasBegun = true });
                return true;
            case CopyProgress.Running:
                return true;
            default:
                snapshots.Drop(id);
                return false;
        }
    }

    private static CopyProgress LookAtCopy(LibvirtSession session, SnapshotMark mark)
    {
        using var domain = session.Find(mark.Machine!);
        if (domain is null || !domain.State().State.IsOn())
        {
            return CopyProgress.None;
        }

        if (domain.HasJob())
        {
            return LookAtJob(domain, mark.File);
        }

        // libvirt tells of the last job only, and forgets it when it or the machine is restarted. Each copy is looked at before the next
        // one begins.
        return mark.HasBegun && domain.LastBackupSucceeded() ? CopyProgress.Done : CopyProgress.None;
    }

    /// <summary>
    /// A libvirtd that dies in the moment in which the copy ends finds nothing of it in QEMU afterwards: it cannot tell how it ended, and
    /// keeps the job for good, with which the machine could neither be copied nor have its disks changed again. It is ended here, and the
    /// copy with it.
    /// </summary>
    private static CopyProgress LookAtJob(Domain domain, string file)
    {
        if (domain.DiskCopiedTo(EngineFolder.InsideCopy(file)) is not { } disk)
        {
            return CopyProgress.None;
        }

        if (domain.IsAtWorkOn(disk))
        {
            return CopyProgress.Running;
        }

        domain.AbortJob();
        return CopyProgress.None;
    }

    /// <summary>
    /// A machine makes one copy at a time. What it has finished meanwhile is looked at first, before libvirt forgets how that ended.
    /// </summary>
    private async Task<bool> IsFreeAsync(string machine, CancellationToken ct)
    {
        foreach (var (id, mark) in snapshots.UnfinishedOf(machine))
        {
            await FollowAsync(id, mark, ct);
        }

        return await libvirt.CallAsync(
            session =>
            {
                using var domain = session.Find(machine);
                return domain?.HasJob() is false;
            },
            ct
        );
    }

    private async Task CopyAsync(SnapshotSpec snapshot, CancellationToken ct)
    {
        var target = await snapshots.NewTargetAsync(snapshot.Id, files.BytesOf(snapshot.VolumeId), uid: 0, ct);
        var mark = new SnapshotMark(target, null, clock.GetUtcNow(), Quiesced: false, HasBegun: true);
        snapshots.WriteMark(snapshot.Id, mark);
        await WithFileAsync(snapshot.VolumeId, () => snapshots.CopyAsync(snapshot, target, ct), ct);
        snapshots.Finish(snapshot.Id, mark);
    }

    private async Task BeginAsync(SnapshotSpec snapshot, string machine, CancellationToken ct)
    {
        var uid = await libvirt.CallAsync(session => UidOf(session, machine), ct);
        var target = await snapshots.NewTargetAsync(snapshot.Id, files.BytesOf(snapshot.VolumeId), uid, ct);
        var mark = new SnapshotMark(target, machine, clock.GetUtcNow(), Quiesced: false, HasBegun: false);
        snapshots.WriteMark(snapshot.Id, mark);
        var quiesced = await QuietlyAsync(
            machine,
            token => libvirt.CallAsync(session => Begin(session, machine, snapshot.VolumeId, target), token),
            ct
        );
        snapshots.WriteMark(snapshot.Id, mark with { HasBegun = true, Quiesced = quiesced });
    }

    /// <summary>The copy keeps the moment of its beginning.</summary>
    private static bool Begin(LibvirtSession session, string machine, string volumeId, string target)
    {
        using var domain = session.Find(machine);
        if (domain is null || !domain.Volumes(live: true).TryGetValue(volumeId, out var disk))
        {
            throw new EngineException(EngineFault.Unavailable, $"{machine} has let go of {volumeId} meanwhile.");
        }

        domain.BeginBackup(BackupXml((string)disk.Element("target")!.Attribute("dev")!, target));
        return true;
    }

    private static bool Abort(LibvirtSession session, string machine, string file)
    {
        using var domain = session.Find(machine);
        if (
            domain is not null
            && domain.State().State.IsOn()
            && domain.HasJob()
            && domain.DiskCopiedTo(EngineFolder.InsideCopy(file)) is not null
        )
        {
            domain.AbortJob();
        }

        return true;
    }

    private static string? RunnerOf(LibvirtSession session, string volumeId) =>
        session
            .List()
            .Where(machine => machine.IsOn)
            .Select(machine => machine.Name)
            .FirstOrDefault(name =>
            {
                using var domain = session.Find(name);
                return domain is not null && domain.State().State.IsOn() && domain.Volumes(live: true).ContainsKey(volumeId);
            });

    /// <summary>https://libvirt.org/formatbackup.html: disks that are not named take no part.</summary>
    private static XElement BackupXml(string device, string file) =>
        new(
            "domainbackup",
            new XAttribute("mode", "push"),
            new XElement(
                "disks",
                new XElement(
                    "disk",
                    new XAttribute("name", device),
                    new XAttribute("backup", "yes"),
                    new XAttribute("type", "file"),
                    new XElement("driver", new XAttribute("type", "qcow2")),
                    new XElement("target", new XAttribute("file", EngineFolder.InsideCopy(file)))
                )
            )
        );

    private enum CopyProgress
    {
        /// <summary>Nobody is at it.</summary>
        None,
        Running,
        Done,
    }
}
