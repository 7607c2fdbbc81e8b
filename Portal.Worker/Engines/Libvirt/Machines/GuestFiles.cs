namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Who may open what of the engine's files. A guest's QEMU is a user of its own: a volume belongs to it while its machine has it, and to
/// root otherwise. What volumes are children of is shared: the folder of bases is root's alone, and each guest has second names for those
/// that its own volumes need, in its own folder, which lets in nobody else. docs/decisions/guests-walls.md tells why.
/// </summary>
internal sealed class GuestFiles(EngineFolder folder, VolumeFiles volumes)
{
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode GroupMayRead = UnixFileMode.UserRead | UnixFileMode.GroupRead;

    /// <summary>
    /// Lays out everything for a machine that is about to start, whatever it was before: all that it needs is its own, and it has nothing
    /// else.
    /// </summary>
    public void Prepare(string instanceId, IEnumerable<string> volumeIds, int uid)
    {
        var guest = folder.Guest(instanceId);
        Libc.GiveTo(guest, 0, uid);
        File.SetUnixFileMode(guest, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute);
        foreach (var seed in Directory.GetFiles(guest, "*.iso"))
        {
            Libc.GiveTo(seed, 0, uid);
            File.SetUnixFileMode(seed, GroupMayRead);
        }

        Directory.CreateDirectory(folder.Settings().Sockets(instanceId), OwnersAlone | UnixFileMode.UserExecute);
        List<string> ids = [.. volumeIds];
        foreach (var id in ids)
        {
            Give(instanceId, id, uid);
        }

        KeepBases(instanceId, ids);
    }

    /// <summary>The volume is the guest's, and it can reach what the volume is a child of.</summary>
    /// <param name="uid">Of the running guest, which may be from before each had its own.</param>
    public void Give(string instanceId, string volumeId, int uid)
    {
        if (volumes.BaseOf(volumeId) is { } parent)
        {
            var original = Path.Combine(folder.Bases, parent);
            Libc.HardLink(original, Path.Combine(folder.Guest(instanceId), parent));
            var mode = File.GetUnixFileMode(original);
            if (!mode.HasFlag(UnixFileMode.OtherRead))
            {
                File.SetUnixFileMode(original, mode | UnixFileMode.OtherRead);
            }
        }

        Own(folder.Volume(volumeId), uid);
    }

    /// <summary>The machine has it no more.</summary>
    /// <param name="left">What it still has.</param>
    public void TakeBack(string instanceId, string volumeId, IEnumerable<string> left, params int?[] uids)
    {
        if (volumes.Has(volumeId) && uids.Contains(Libc.OwnerOf(folder.Volume(volumeId))))
        {
            Own(folder.Volume(volumeId), 0);
        }

        KeepBases(instanceId, left);
    }

    /// <summary>
    /// Nothing that this user could open is left of the machine but what it shared. What else is its own has gone with its folder.
    /// </summary>
    public void TakeAllBack(string instanceId, int? uid)
    {
        foreach (
            var file in Directory
                .GetFiles(folder.Volumes)
                .Concat(Directory.GetFiles(folder.Copies))
                .Where(file => uid is not null && Libc.OwnerOf(file) == uid)
        )
        {
            Own(file, 0);
        }

        if (folder.Settings().Sockets(instanceId) is var sockets && Directory.Exists(sockets))
        {
            Directory.Delete(sockets, recursive: true);
        }
    }

    private void KeepBases(string instanceId, IEnumerable<string> volumeIds)
    {
        if (!Directory.Exists(folder.Guest(instanceId)))
        {
            return;
        }

        var needed = volumeIds.Where(volumes.Has).Select(volumes.BaseOf).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (
            var link in Directory.GetFiles(folder.Guest(instanceId), "*.qcow2").Where(link => !needed.Contains(Path.GetFileName(link)))
        )
        {
            File.Delete(link);
        }
    }

    private static void Own(string file, int uid)
    {
        File.SetUnixFileMode(file, OwnersAlone);
        Libc.GiveTo(file, uid, uid);
    }
}
