using System.Text.Json;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>How far a copy has come, as written beside it before each step, so that whoever comes next knows what was begun.</summary>
/// <param name="File">The name of the file that it goes into until it is whole.</param>
/// <param name="Machine">The running machine that copies; null if this host's qemu-img does.</param>
/// <param name="HasBegun">The machine was seen to have taken the order.</param>
internal sealed record SnapshotMark(string File, string? Machine, DateTimeOffset TakenAt, bool Quiesced, bool HasBegun);

/// <summary>
/// Snapshots: qcow2 files without any base. One that is complete belongs to root and is never written to again: volumes made from it are
/// its children through a second name in the folder of bases, so that the snapshot can go before they do.
/// </summary>
internal sealed class SnapshotFiles(EngineFolder folder, VolumeFiles volumes, QemuImg qemuImg)
{
    /// <summary>By whoever has a name for it: those of the guests that need it are in their own folders, and this one is closed.</summary>
    private const UnixFileMode ReadableByGuests = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public bool Has(string snapshotId) => File.Exists(folder.Snapshot(snapshotId));

    public long BytesOf(string snapshotId) => new FileInfo(folder.Snapshot(snapshotId)).Length;

    public SnapshotMark? ReadMark(string snapshotId)
    {
        try
        {
            return JsonSerializer.Deserialize<SnapshotMark>(File.ReadAllText(MarkOf(snapshotId)));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Whole or not at all: a worker may be killed at any moment.</summary>
    public void WriteMark(string snapshotId, SnapshotMark mark)
    {
        var written = $"{MarkOf(snapshotId)}.{Guid.NewGuid():N}";
        File.WriteAllText(written, JsonSerializer.Serialize(mark));
        File.Move(written, MarkOf(snapshotId), overwrite: true);
    }

    /// <summary>The copies that this machine was told to make and that nobody has looked at since.</summary>
    public IReadOnlyList<(string SnapshotId, SnapshotMark Mark)> UnfinishedOf(string machine) =>
        [
            .. Ids()
                .Where(id => !Has(id))
                .Select(id => (id, Mark: ReadMark(id)))
                .Where(found => found.Mark?.Machine == machine)
                .Select(found => (found.id, found.Mark!)),
        ];

    public IReadOnlyList<string> List() =>
        [
            .. Ids()
                .Union(
                    Directory.GetFiles(folder.Snapshots, "snap-*.qcow2").Select(path => Path.GetFileNameWithoutExtension(path)!),
                    StringComparer.Ordinal
                )
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>An empty file for a copy to go into, as large as the volume. What an earlier attempt left is removed.</summary>
    /// <param name="uid">Who copies: a running guest, or root.</param>
    public async Task<string> NewTargetAsync(string snapshotId, long size, int uid, CancellationToken ct)
    {
        Drop(snapshotId);
        var file = $".{EngineFolder.Checked(snapshotId)}.{Guid.NewGuid():N}.qcow2";
        var path = PathOf(file);
        await qemuImg.CreateAsync(snapshotId, path, size, null, ct);
        Libc.GiveTo(path, uid, uid);
        return file;
    }

    /// <summary>Copies a volume that no machine runs with; QEMU's own lock on the file sees to that.</summary>
    public Task CopyAsync(SnapshotSpec snapshot, string file, CancellationToken ct) =>
        volumes.CopyAsync(snapshot.VolumeId, snapshot.Id, PathOf(file), ct);

    /// <summary>The copy is whole: it is on the disk before it has its name.</summary>
    public void Finish(string snapshotId, SnapshotMark mark)
    {
        var path = PathOf(mark.File);
        using (var written = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            written.Flush(flushToDisk: true);
        }

        // A guest's QEMU wrote it.
        if (Qcow2.Read(path).Backing is not null)
        {
            throw new EngineException(EngineFault.Rejected, $"The copy for {snapshotId} is not whole in itself.");
        }

        Libc.GiveTo(path, 0, 0);
        File.SetUnixFileMode(path, ReadableByGuests);
        File.Move(path, folder.Snapshot(snapshotId), overwrite: false);
    }

    /// <summary>
    /// Removes what there is of a copy that is not whole. A machine that still holds it open, as after a death of libvirtd, is to hold none
    /// of its room.
    /// </summary>
    public void Drop(string snapshotId)
    {
        qemuImg.Clear(snapshotId);
        var files = $".{EngineFolder.Checked(snapshotId)}.*";
        foreach (var file in Directory.GetFiles(folder.Copies, files).Concat(Directory.GetFiles(folder.Snapshots, files)))
        {
            if (Path.GetExtension(file) is ".qcow2")
            {
                File.Open(file, FileMode.Truncate).Dispose();
            }

            File.Delete(file);
        }
    }

    public void Remove(string snapshotId)
    {
        File.Delete(folder.Snapshot(snapshotId));
        Drop(snapshotId);
    }

    private string PathOf(string file) => Path.Combine(folder.Copies, file);

    private IEnumerable<string> Ids() =>
        Directory.GetFiles(folder.Snapshots, ".snap-*.json").Select(path => Path.GetFileNameWithoutExtension(path)![1..]);

    private string MarkOf(string snapshotId) => Path.Combine(folder.Snapshots, $".{EngineFolder.Checked(snapshotId)}.json");
}
