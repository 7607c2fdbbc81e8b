using System.Globalization;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The system that a machine in rescue runs: a kernel and a file system in memory, which <c>bin/image-tiny</c> builds. It needs no disk, so there is none
/// whose labels could be taken for those of the machine's own. QEMU is handed both as files of the guest's folder.
/// </summary>
internal static class RescueSystem
{
    public const string Kernel = "rescue.kernel";
    public const string Memory = "rescue.initrd";
    public const string Log = "rescue.log";
    public const string CommandLine = "console=tty0 console=ttyS0,115200 quiet net.ifnames=0 tsc=reliable no_timer_check";

    /// <summary>Written anew for each restart: keys and cards may have changed since the machine's first seed was written.</summary>
    public static string Seed(int boot) => string.Create(CultureInfo.InvariantCulture, $"rescue-{boot}.iso");

    public static async Task PrepareAsync(EngineFolder folder, InstanceSpec spec, CancellationToken ct)
    {
        foreach (var file in new[] { Kernel, Memory })
        {
            if (!File.Exists(Path.Combine(folder.Images, file)))
            {
                throw new EngineException(EngineFault.Unavailable, "The host has no rescue system yet.", vendorsWords: $"{folder.Images}/{file} is missing: bin/image-tiny builds it.");
            }

            // A second name for the file as it is now: a newer one may take its place in the catalogue at any time.
            Libc.HardLink(Path.Combine(folder.Images, file), Path.Combine(folder.Guest(spec.Id), file));
        }

        var seed = Path.Combine(folder.Guest(spec.Id), Seed(spec.Boot));
        foreach (var former in Directory.GetFiles(folder.Guest(spec.Id), "rescue-*.iso").Where(file => file != seed))
        {
            File.Delete(former);
        }

        await CloudInitSeed.WriteAsync(spec with { UserData = null, SshUser = Instance.RescueUser }, seed, folder.Settings(), ct);
    }
}
