namespace Portal.Tests.Buckets;

/// <summary>Files in a folder of their own, for what a person would pick or drop.</summary>
public sealed class FilesOnDisk : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("portal-files-").FullName;

    public FilesOnDisk(params (string Path, byte[] Content)[] files)
    {
        All = files.ToDictionary(file => file.Path, file => file.Content);
        foreach (var (path, content) in files)
        {
            var whole = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(whole)!);
            File.WriteAllBytes(whole, content);
        }
    }

    public IReadOnlyDictionary<string, byte[]> All { get; }

    public string[] Paths(params string[] names) => [.. names.Select(name => Path.Combine(folder, name))];

    /// <summary>The same bytes every time.</summary>
    public static byte[] Random(int length)
    {
        var bytes = new byte[length];
#pragma warning disable CA5394 // Nothing secret.
        new Random(length).NextBytes(bytes);
#pragma warning restore CA5394
        return bytes;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
