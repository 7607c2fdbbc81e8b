using System.Globalization;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Volumes: qcow2 files, root's or of the one guest that has them (<see cref="GuestFiles"/>). One that begins as an image or a snapshot is
/// a child of it. A catalogue's file may be replaced by a newer one at any time; a volume must keep the very blocks that it was made from.
/// So each version of an image gets a second name in a folder of its own, and that is what volumes refer to.
/// </summary>
internal sealed class VolumeFiles(EngineFolder folder, QemuImg qemuImg)
{
    public const long GiB = 1L << 30;

    private readonly Lock bases = new();

    public bool Has(string volumeId) => File.Exists(folder.Volume(volumeId));

    public async Task CreateAsync(VolumeSpec spec, CancellationToken ct)
    {
        var source = spec.ImageFile is null && spec.SnapshotId is null ? null : Source(spec);
        var made = Path.Combine(folder.Volumes, $".{EngineFolder.Checked(spec.Id)}.{Guid.NewGuid():N}");
        RemoveUnfinished(spec.Id);
        Promise(spec.Id, spec.SizeGiB * GiB);
        var version = source is null ? null : VersionOf(source);
        await qemuImg.CreateAsync(spec.Id, made, spec.SizeGiB * GiB, version is null ? null : EngineFolder.InsideBase(version), ct);
        lock (bases)
        {
            if (source is not null)
            {
                // In case the last other volume of this version went away meanwhile, and the version with it.
                KeepBase(source, version!);
            }

            File.Move(made, folder.Volume(spec.Id), overwrite: false);
        }
    }

    /// <summary>Grows a volume that no machine runs with; QEMU's own lock on the file sees to that.</summary>
    public Task GrowAsync(VolumeSpec spec, CancellationToken ct) =>
        qemuImg.GrowAsync(spec.Id, folder.Volume(spec.Id), ParentOf(spec.Id), spec.SizeGiB * GiB, ct);

    /// <summary>What copies of it have room for.</summary>
    public long BytesOf(string volumeId) =>
        Qcow2.Read(folder.Volume(volumeId)).Size is var size && size > PromisedTo(volumeId)
            ? throw new EngineException(EngineFault.Rejected, $"{volumeId} says that it is larger than it was made.")
            : size;

    /// <summary>
    /// So large the volume may become from now on. Written down beside it by root: what its header says is its guest's to write, if that
    /// broke out of QEMU, and neither the room of all nor what a copy may take goes by that.
    /// </summary>
    public void Promise(string volumeId, long bytes)
    {
        var written = $"{PromiseOf(volumeId)}.{Guid.NewGuid():N}";
        EngineFolder.WriteClosed(written, bytes.ToString(CultureInfo.InvariantCulture));
        File.Move(written, PromiseOf(volumeId), overwrite: true);
    }

    /// <summary>In whole GiB; 0 if there is none.</summary>
    public int SizeOf(string volumeId)
    {
        try
        {
            return (int)(Qcow2.Read(folder.Volume(volumeId)).Size / GiB);
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    /// <summary>The version of an image that the volume is a child of; null if it is none.</summary>
    public string? BaseOf(string volumeId) => Path.GetFileName(Qcow2.Read(folder.Volume(volumeId)).Backing);

    /// <summary>Removes the volume, then the versions of images that nothing refers to any more.</summary>
    public void Remove(string volumeId)
    {
        RemoveUnfinished(volumeId);
        if (!Has(volumeId))
        {
            return;
        }

        lock (bases)
        {
            File.Delete(folder.Volume(volumeId));
            RemoveUnused();
        }
    }

    public IReadOnlyList<string> List() =>
        Directory.Exists(folder.Volumes)
            ?
            [
                .. Directory
                    .GetFiles(folder.Volumes, "vol-*.qcow2")
                    .Select(path => Path.GetFileNameWithoutExtension(path)!)
                    .Order(StringComparer.Ordinal),
            ]
            : [];

    /// <summary>
    /// What the volumes may yet take of the host's disk: they are thin, and each is promised to its customer in its whole size.
    /// </summary>
    public long BytesPromised() => List().Sum(id => Math.Max(0, PromisedTo(id) - Libc.BytesTaken(folder.Volume(id))));

    /// <summary>Copies into a file that is there already, for this snapshot.</summary>
    public Task CopyAsync(string volumeId, string snapshotId, string to, CancellationToken ct) =>
        qemuImg.CopyAsync(snapshotId, folder.Volume(volumeId), ParentOf(volumeId), to, BytesOf(volumeId), ct);

    /// <summary>The file of what the volume is a child of, which is sound; null if it is none.</summary>
    public string? ParentOf(string volumeId)
    {
        if (BaseOf(volumeId) is not { } name)
        {
            return null;
        }

        var file = Path.Combine(folder.Bases, name);
        _ = Qcow2.Read(file);
        return file;
    }

    /// <summary>The snapshot's or the image's file that the volume is to begin as.</summary>
    private string Source(VolumeSpec spec)
    {
        var (file, what) = spec.SnapshotId is { } id
            ? (folder.Snapshot(id), $"The snapshot {id}")
            : (ImageStore.PathOf(folder, spec.ImageFile!), $"The image {spec.ImageFile}");
        if (!File.Exists(file))
        {
            throw new EngineException(EngineFault.Rejected, $"{what} is not there.");
        }

        return Qcow2.Read(file).Size is var needed && needed > spec.SizeGiB * GiB
            ? throw new EngineException(EngineFault.Rejected, $"{what} needs a disk of {(needed + GiB - 1) / GiB} GiB.")
            : file;
    }

    /// <summary>Of a volume that was made before promises were written down, what its header says when it is first asked.</summary>
    private long PromisedTo(string volumeId)
    {
        try
        {
            return long.Parse(File.ReadAllText(PromiseOf(volumeId)), CultureInfo.InvariantCulture);
        }
        catch (FileNotFoundException)
        {
            if (Qcow2.TryRead(folder.Volume(volumeId)) is not { Size: var size })
            {
                return 0;
            }

            Promise(volumeId, size);
            return size;
        }
    }

    /// <summary>By a name that goes with the volume: what is unfinished of it has such names too.</summary>
    private string PromiseOf(string volumeId) => Path.Combine(folder.Volumes, $".{EngineFolder.Checked(volumeId)}.size");

    /// <summary>What a worker left that was killed while it made the volume, and what was promised to one that is gone.</summary>
    private void RemoveUnfinished(string volumeId)
    {
        qemuImg.Clear(volumeId);
        Array.ForEach(Directory.GetFiles(folder.Volumes, $".{EngineFolder.Checked(volumeId)}.*"), File.Delete);
    }

    /// <summary>The versions of images, and the snapshots, that no volume is a child of.</summary>
    public void RemoveUnusedBases()
    {
        lock (bases)
        {
            RemoveUnused();
        }
    }

    private void RemoveUnused()
    {
        var read = List().Select(id => Qcow2.TryRead(folder.Volume(id))).ToList();
        if (read.Contains(null))
        {
            return; // whose base it was is not known
        }

        var used = read.Select(volume => Path.GetFileName(volume!.Backing)).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(folder.Bases).Where(file => !used.Contains(Path.GetFileName(file))))
        {
            File.Delete(file);
        }
    }

    private static string VersionOf(string image)
    {
        var version = new FileInfo(image);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Path.GetFileNameWithoutExtension(image)}-{version.Length:x}-{version.LastWriteTimeUtc.Ticks:x}.qcow2"
        );
    }

    private void KeepBase(string image, string file)
    {
        if (string.Equals(VersionOf(image), file, StringComparison.Ordinal))
        {
            Libc.HardLink(image, Path.Combine(folder.Bases, file));
        }

        if (!File.Exists(Path.Combine(folder.Bases, file)))
        {
            throw new EngineException(EngineFault.Unavailable, $"{Path.GetFileName(image)} was replaced or removed meanwhile.");
        }
    }
}
