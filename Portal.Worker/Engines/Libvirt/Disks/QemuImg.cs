using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// QEMU's tool for disk images, always on the <see cref="Workbench"/>: it reads what guests wrote. It is told each format, guesses none,
/// and follows no name that a header says.
/// </summary>
internal sealed class QemuImg(EngineFolder folder, GuestUids uids)
{
    private static readonly TimeSpan Short = TimeSpan.FromMinutes(2);

    private readonly Workbench bench = new(folder, uids);

    /// <summary>Removes what a worker left of this volume's or snapshot's work that was killed in the middle of it.</summary>
    public void Clear(string id) => bench.Clear(id);

    /// <param name="id">The volume or the snapshot that the file is for.</param>
    /// <param name="parent">What its header is to say that it is a child of.</param>
    public async Task CreateAsync(string id, string file, long size, string? parent, CancellationToken ct)
    {
        await new FileStream(
            file,
            new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }
        ).DisposeAsync();

        // Unchecked (-u), since the base has another path inside the engine; its size and format are known.
        IEnumerable<string> child = parent is null ? [] : ["-u", "-F", "qcow2", "-b", parent];
        await bench.RunAsync(
            id,
            [file],
            [],
            new WorkLimits(Short, Room(size)),
            ["qemu-img", "create", "-q", "-f", "qcow2", .. child, Path.GetFileName(file), Text(size)],
            ct
        );
    }

    public Task GrowAsync(string id, string file, string? parent, long size, CancellationToken ct) =>
        bench.RunAsync(
            id,
            [file],
            ListOf(parent),
            new WorkLimits(5 * Short, Room(size)),
            ["qemu-img", "resize", "-q", Described(file, parent, Named), Text(size)],
            ct
        );

    /// <summary>Copies what can be read of the one into the other, which is there already.</summary>
    public Task CopyAsync(string id, string from, string? parent, string to, long size, CancellationToken ct) =>
        bench.RunAsync(
            id,
            [to],
            [from, .. ListOf(parent)],
            new WorkLimits((5 * Short) + (TimeSpan.FromMinutes(2) * (size >> 30)), Room(size)),
            ["qemu-img", "convert", "-q", "-n", "-O", "qcow2", Described(from, parent, Named), Named(to)],
            ct
        );

    /// <summary>What the header of a file that was fetched says, as JSON.</summary>
    public Task<string> InfoAsync(string file, CancellationToken ct) =>
        bench.RunAsync(
            $"img-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file)))[..17]}",
            [],
            [file],
            new WorkLimits(Short, 0),
            ["qemu-img", "info", "--output=json", "-f", "qcow2", Named(file)],
            ct
        );

    /// <summary>
    /// A volume's file with its formats named, and its base as it is called here, which is not what its header says.
    /// https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html (BlockdevOptions)
    /// </summary>
    /// <param name="name">How whoever opens it calls a file.</param>
    public static string Described(string file, string? parent, Func<string, string> name)
    {
        var node = Node(file);

        // Whatever its own header says: a base is a child of nothing.
        node["backing"] = parent is null
            ? null
            : new Dictionary<string, object?>(Node(parent), StringComparer.Ordinal) { ["backing"] = null };
        return "json:" + JsonSerializer.Serialize(node);

        Dictionary<string, object?> Node(string path) =>
            new(StringComparer.Ordinal)
            {
                ["driver"] = "qcow2",
                ["file"] = new Dictionary<string, object?>(StringComparer.Ordinal) { ["driver"] = "file", ["filename"] = name(path) },
            };
    }

    private static string Named(string file) => Path.GetFileName(file);

    private static IEnumerable<string> ListOf(string? parent) => parent is null ? [] : [parent];

    /// <summary>A disk, and its tables: two bytes for each 64 KiB and eight, and a little.</summary>
    private static long Room(long size) => size + (size / 1024) + (64L << 20);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
