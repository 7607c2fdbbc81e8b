using System.Buffers.Binary;
using System.Globalization;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Root disks: children of images. A catalogue's file may be replaced by a newer one at any time; a disk must keep the very blocks that it
/// was made from. So each version of an image gets a second name in a folder of its own, and that is what disks refer to.
/// </summary>
internal sealed class GuestDisks(EngineFolder folder)
{
    private const long GiB = 1L << 30;

    private readonly Lock bases = new();

    public async Task EnsureAsync(InstanceSpec spec, CancellationToken ct)
    {
        var settings = folder.Settings();
        var image = ImageStore.PathOf(folder, spec.ImageFile);
        if (File.Exists(folder.Disk(spec.Id)) && File.Exists(folder.Seed(spec.Id)))
        {
            return;
        }

        if (!File.Exists(image))
        {
            throw new EngineException(EngineFault.Rejected, $"The image {spec.ImageFile} is not there.");
        }

        Directory.CreateDirectory(folder.Guest(spec.Id), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        await CloudInitSeed.WriteAsync(spec, folder.Seed(spec.Id), settings, ct);
        if (!File.Exists(folder.Disk(spec.Id)))
        {
            await CreateAsync(spec, image, settings, ct);
        }
    }

    /// <summary>The image that the disk is a child of, as its own header names it.</summary>
    public string BaseOf(string instanceId)
    {
        using var file = File.OpenRead(folder.Disk(instanceId));
        Span<byte> header = stackalloc byte[20];
        file.ReadExactly(header);
        var name = new byte[BinaryPrimitives.ReadInt32BigEndian(header[16..])];
        file.Position = BinaryPrimitives.ReadInt64BigEndian(header[8..]);
        file.ReadExactly(name);
        return Path.GetFileName(System.Text.Encoding.UTF8.GetString(name));
    }

    /// <summary>Removes all that a machine left, then the versions of images that nothing refers to any more.</summary>
    public void Remove(string instanceId)
    {
        if (!Directory.Exists(folder.Guest(instanceId)))
        {
            return;
        }

        // The disk goes last: as long as it is there, the machine is listed and its removal can be taken up again.
        foreach (var file in Directory.GetFiles(folder.Guest(instanceId)).OrderBy(file => Path.GetFileName(file) is "disk.qcow2"))
        {
            File.Delete(file);
        }

        Directory.Delete(folder.Guest(instanceId), recursive: true);
        lock (bases)
        {
            RemoveUnusedBases();
        }
    }

    public IReadOnlyList<string> List() => Directory.Exists(folder.Guests) ? [.. Directory.GetDirectories(folder.Guests).Select(path => Path.GetFileName(path)!)] : [];

    private async Task CreateAsync(InstanceSpec spec, string image, EngineSettings settings, CancellationToken ct)
    {
        var size = spec.DiskGiB * GiB;
        if (SizeOf(image) is var needed && needed > size)
        {
            throw new EngineException(EngineFault.Rejected, $"The image {spec.ImageFile} needs a disk of {(needed + GiB - 1) / GiB} GiB.");
        }

        var file = VersionOf(image);
        var disk = folder.Disk(spec.Id);
        var made = $"{disk}.{Guid.NewGuid():N}";

        // Unchecked (-u), since the base has another path inside the engine; its size and format are known.
        await Command.RunAsync("qemu-img", ["create", "-q", "-u", "-f", "qcow2", "-F", "qcow2", "-b", EngineFolder.InsideBase(file), made, size.ToString(CultureInfo.InvariantCulture)], ct);
        File.SetUnixFileMode(made, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Libc.GiveTo(made, settings.Uid, settings.Gid);
        lock (bases)
        {
            // In case the last other disk of this version went away meanwhile, and the version with it.
            KeepBase(image, file);
            File.Move(made, disk);
        }
    }

    /// <summary>The versions of images that no disk is a child of.</summary>
    private void RemoveUnusedBases()
    {
        var used = List().Where(id => File.Exists(folder.Disk(id))).Select(BaseOf).ToHashSet(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(folder.Bases).Where(file => !used.Contains(Path.GetFileName(file))))
        {
            File.Delete(file);
        }
    }

    private static string VersionOf(string image)
    {
        var version = new FileInfo(image);
        return string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(image)}-{version.Length:x}-{version.LastWriteTimeUtc.Ticks:x}.qcow2");
    }

    private void KeepBase(string image, string file)
    {
        if (string.Equals(VersionOf(image), file, StringComparison.Ordinal))
        {
            Libc.HardLink(image, Path.Combine(folder.Bases, file));
        }

        if (!File.Exists(Path.Combine(folder.Bases, file)))
        {
            throw new EngineException(EngineFault.Unavailable, $"The image {Path.GetFileName(image)} was replaced by a newer one meanwhile.");
        }
    }

    /// <summary>The virtual size in the header of a qcow2 file. https://www.qemu.org/docs/master/interop/qcow2.html</summary>
    private static long SizeOf(string image)
    {
        using var file = File.OpenRead(image);
        Span<byte> header = stackalloc byte[32];
        file.ReadExactly(header);
        return header[..4].SequenceEqual((ReadOnlySpan<byte>)[(byte)'Q', (byte)'F', (byte)'I', 0xfb])
            ? BinaryPrimitives.ReadInt64BigEndian(header[24..])
            : throw new EngineException(EngineFault.Rejected, $"{Path.GetFileName(image)} is not a qcow2 file.");
    }
}
