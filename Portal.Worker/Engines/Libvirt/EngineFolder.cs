using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Where the embedded engine keeps what, as <c>bin/engine</c> lays it out. Paths come in two kinds: those of this process, and
/// <c>Inside…</c> those that libvirtd and the guests see in their mount namespace.
/// </summary>
public sealed partial class EngineFolder(string folder)
{
    private readonly string state = Path.GetFullPath(folder);

    public string State => state;

    public string Images => Path.Combine(state, "images");

    public string Bases => Path.Combine(state, "engine", "lib", "bases");

    public string Guests => Path.Combine(state, "engine", "lib", "guests");

    public string Guest(string instanceId) => Path.Combine(Guests, Checked(instanceId));

    public string Volumes => Path.Combine(state, "engine", "lib", "volumes");

    public string Volume(string volumeId) => Path.Combine(Volumes, $"{Checked(volumeId)}.qcow2");

    public string Snapshots => Path.Combine(state, "engine", "lib", "snapshots");

    public string Snapshot(string snapshotId) => Path.Combine(Snapshots, $"{Checked(snapshotId)}.qcow2");

    /// <summary>Copies that running machines make, until they are whole.</summary>
    public string Copies => Path.Combine(state, "engine", "lib", "copies");

    /// <summary>Where programs work on files of guests: see <see cref="Workbench"/>.</summary>
    public string Benches => Path.Combine(state, "engine", "lib", "benches");

    /// <summary>Which guest has which uid: see <see cref="GuestUids"/>.</summary>
    public string Uids => Path.Combine(state, "engine", "uids");

    public string Seed(string instanceId) => Path.Combine(Guest(instanceId), "seed.iso");

    public string SerialLog(string instanceId, bool isRescue = false) =>
        Path.Combine(Guest(instanceId), isRescue ? RescueSystem.Log : "serial.log");

    /// <summary>
    /// What <c>bin/engine start</c> found and wrote down; read anew each time, since the engine may be started after the worker.
    /// </summary>
    public EngineSettings Settings()
    {
        try
        {
            var values = File.ReadLines(Path.Combine(state, "engine", "settings"))
                .Select(line => line.Split('=', 2))
                .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
            if (!values.TryGetValue("uids", out var uids))
            {
                throw new EngineException(EngineFault.Unavailable, "The engine was started by an earlier version: bin/engine start.");
            }

            return new EngineSettings(
                values["name"],
                values["run"],
                Number(values["uid"]),
                Number(uids.Split(':')[0]),
                Number(uids.Split(':')[1]),
                values["dns"].Split(':')[0],
                Number(values["dns"].Split(':')[1]),
                values["walls"],
                values["virtualization"]
            );
        }
        catch (Exception error) when (error is IOException or KeyNotFoundException or UnauthorizedAccessException)
        {
            throw new EngineException(EngineFault.Unavailable, "The engine has not been started yet: bin/engine start.", error);
        }
    }

    /// <summary>
    /// What a volume's header says that it is a child of. Guests have names of their own for it: see <see cref="GuestFiles"/>.
    /// </summary>
    public static string InsideBase(string file) => $"/var/lib/libvirt/bases/{file}";

    public static string InsideGuest(string instanceId, string file) => $"/var/lib/libvirt/guests/{Checked(instanceId)}/{file}";

    /// <summary>The volume whose file this is, by its name inside; null if it is another file.</summary>
    public static string? VolumeOf(string? inside) =>
        inside is not null && Path.GetFileNameWithoutExtension(inside) is var id && IdForm().IsMatch(id) && InsideVolume(id) == inside
            ? id
            : null;

    public static string InsideVolume(string volumeId) => $"/var/lib/libvirt/volumes/{Checked(volumeId)}.qcow2";

    public static string InsideCopy(string file) => $"/var/lib/libvirt/copies/{file}";

    public static string InsideSocket(string instanceId, string kind) => $"/run/libvirt/guests/{Checked(instanceId)}/{kind}";

    /// <summary>A name for a network device, which has at most 15 characters: a letter and the id's last eleven digits.</summary>
    public static string Device(char kind, string id) => $"{kind}-{Checked(id)[^11..]}";

    /// <summary>Writes a file that only its owner can read, also if it was another's before.</summary>
    public static void WriteClosed(string file, string text)
    {
        using var stream = new FileStream(
            file,
            new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }
        );
        File.SetUnixFileMode(stream.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    public static bool IsId(string name) => IdForm().IsMatch(name);

    /// <summary>Ids become names of files, devices and namespaces: nothing but EC2's form is let through.</summary>
    public static string Checked(string id) =>
        IdForm().IsMatch(id) ? id : throw new EngineException(EngineFault.Rejected, "That is not an id of Portal's.");

    [GeneratedRegex(@"\A[a-z]{1,12}-[0-9a-f]{17}\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex IdForm();

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

/// <param name="Name">The network namespace of libvirtd; those of the routers begin with it.</param>
/// <param name="Run">What a reboot of the host forgets.</param>
/// <param name="SharedUid">The user as which guests ran before each had a uid of its own; some may still be running.</param>
/// <param name="FirstUid">Of those that guests get; <paramref name="UidCount"/> in all.</param>
/// <param name="Dns">The user as which the networks' name servers run.</param>
/// <param name="Walls">
/// What was found to stand around a guest, in <see cref="Portal.Model.Compute.GuestWalls"/>' words, with commas between them.
/// </param>
/// <param name="Virtualization"><c>KVM</c>, or <c>TCG</c> and why.</param>
public sealed record EngineSettings(
    string Name,
    string Run,
    int SharedUid,
    int FirstUid,
    int UidCount,
    string Dns,
    int DnsUid,
    string Walls,
    string Virtualization
)
{
    public bool HasKvm => Virtualization.StartsWith("KVM", StringComparison.Ordinal);

    public string LibvirtSocket => Path.Combine(Run, "libvirt", "libvirt-sock");

    public string Networks => Path.Combine(Run, "networks");

    public string Published => Path.Combine(Run, "publish");

    public bool HasWall(string name) => Walls.Split(',').Contains(name, StringComparer.Ordinal);

    public bool IsGuestsOwn(int uid) => uid > FirstUid && uid < FirstUid + UidCount;

    public string Sockets(string instanceId) => Path.Combine(Run, "libvirt", "guests", EngineFolder.Checked(instanceId));

    /// <summary>The machine's serial console. That of one from before each had a folder of its own lies beside those.</summary>
    public string SerialSocket(string instanceId) =>
        Path.Combine(Sockets(instanceId), "serial") is var own && (File.Exists(own) || !File.Exists($"{Sockets(instanceId)}.serial"))
            ? own
            : $"{Sockets(instanceId)}.serial";

    /// <summary>Where QEMU lets in who asks the guest's agent.</summary>
    public string AgentSocket(string instanceId) => Path.Combine(Sockets(instanceId), GuestAgent.Port);

    public string Router(string networkId) => $"{Name}-{EngineFolder.Checked(networkId)}";

    /// <summary>The namespace in which the routers meet the outside.</summary>
    public string Uplink => $"{Name}-uplink";

    public static string NamespaceFile(string netns) => Path.Combine("/run/netns", netns);
}
