namespace Portal.Worker.Engines.Libvirt;

/// <summary>What a machine has besides its volumes: its seed and the log of its serial console.</summary>
internal static class GuestFolder
{
    public static void Create(EngineFolder folder, string instanceId) => Make(folder.Guest(instanceId));

    /// <summary>Guests find what they know the name of. A machine's own folder is closed to all others as it starts.</summary>
    public static void Make(string path) =>
        Directory.CreateDirectory(
            path,
            UnixFileMode.UserRead
                | UnixFileMode.UserWrite
                | UnixFileMode.UserExecute
                | UnixFileMode.GroupExecute
                | UnixFileMode.OtherExecute
        );

    /// <summary>As long as the folder is there, the machine is listed and its removal can be taken up again.</summary>
    public static void Remove(EngineFolder folder, string instanceId)
    {
        if (Directory.Exists(folder.Guest(instanceId)))
        {
            Directory.Delete(folder.Guest(instanceId), recursive: true);
        }
    }

    public static IReadOnlyList<string> List(EngineFolder folder) =>
        Directory.Exists(folder.Guests) ? [.. Directory.GetDirectories(folder.Guests).Select(path => Path.GetFileName(path)!)] : [];
}
