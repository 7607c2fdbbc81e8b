using System.Globalization;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The system that a machine in rescue runs: a kernel and a file system in memory, which <c>bin/image-tiny</c> builds. It needs no disk, so
/// there is none whose labels could be taken for those of the machine's own. QEMU is handed both as files of the guest's folder. Both
/// belong together, so a version of them is a folder that is named after its content and never changed; beside the images lies a link to
/// the current one, which is exchanged in one step.
/// </summary>
internal static class RescueSystem
{
    /// <summary>The link beside the images. What it leads to begins with it too.</summary>
    public const string Current = "rescue";

    public const string Kernel = "kernel";
    public const string Memory = "initrd";
    public const string Log = "rescue.log";
    public const string CommandLine =
        "console=tty0 console=ttyS0,115200 quiet net.ifnames=0 tsc=reliable no_timer_check rcupdate.rcu_expedited=1 cryptomgr.notests initcall_blacklist=crypto_kdf108_init";

    /// <summary>Before the name of a version that is not whole yet.</summary>
    private const string Unfinished = ".";

    /// <summary>Written anew for each restart: keys and interfaces may have changed since the machine's first seed was written.</summary>
    public static string Seed(int boot) => string.Create(CultureInfo.InvariantCulture, $"rescue-{boot}.iso");

    /// <summary>The version with which the machine is to start; it is in its folder.</summary>
    public static string VersionOf(EngineFolder folder, string instanceId) =>
        Versions(folder, instanceId)
            .Select(path => Path.GetFileName(path))
            .Single(name => !name.StartsWith(Unfinished, StringComparison.Ordinal));

    public static async Task PrepareAsync(EngineFolder folder, InstanceSpec spec, CancellationToken ct)
    {
        Take(folder, spec.Id);
        var seed = Path.Combine(folder.Guest(spec.Id), Seed(spec.RebootsWanted));
        foreach (var former in Seeds(folder, spec.Id).Where(file => file != seed))
        {
            File.Delete(former);
        }

        await CloudInitSeed.WriteAsync(spec with { UserData = null, SshUser = Instance.RescueUser }, seed, ct);
    }

    /// <summary>The machine is off, or runs from its own disk again: nothing of a rescue is needed any more.</summary>
    public static void Clear(EngineFolder folder, string instanceId)
    {
        Array.ForEach(Versions(folder, instanceId), version => Directory.Delete(version, recursive: true));
        Array.ForEach(Seeds(folder, instanceId), File.Delete);
    }

    /// <summary>
    /// Gives the machine second names for the files of the current version, which may go from the catalogue at any time, and takes away
    /// those of others.
    /// </summary>
    private static void Take(EngineFolder folder, string instanceId)
    {
        var link = Path.Combine(folder.Images, Current);
        var version =
            Path.GetFileName(new DirectoryInfo(link).LinkTarget)
            ?? throw new EngineException(
                EngineFault.Unavailable,
                "The host has no rescue system yet.",
                vendorMessage: $"{link} is missing: bin/image-tiny builds it."
            );
        var taken = Path.Combine(folder.Guest(instanceId), version);
        if (!Directory.Exists(taken))
        {
            // Whole or not at all. What a killed worker began of the same version is the same.
            var begun = Path.Combine(folder.Guest(instanceId), Unfinished + version);
            GuestFolder.Make(begun);
            foreach (var file in new[] { Kernel, Memory })
            {
                Libc.HardLink(Path.Combine(folder.Images, version, file), Path.Combine(begun, file));
            }

            Directory.Move(begun, taken);
        }

        // QEMU has read what the machine runs, and each start is with what it is defined with anew.
        Array.ForEach([.. Versions(folder, instanceId).Where(other => other != taken)], other => Directory.Delete(other, recursive: true));
    }

    private static string[] Versions(EngineFolder folder, string instanceId) =>
        [
            .. Directory
                .GetDirectories(folder.Guest(instanceId))
                .Where(path => Path.GetFileName(path).TrimStart(Unfinished[0]).StartsWith(Current, StringComparison.Ordinal)),
        ];

    private static string[] Seeds(EngineFolder folder, string instanceId) =>
        Directory.GetFiles(folder.Guest(instanceId), $"{Current}-*.iso");
}
