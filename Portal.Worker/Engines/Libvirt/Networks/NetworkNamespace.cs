using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// Does something inside another network namespace. A namespace belongs to a thread, so each time a thread of its own enters it and ends
/// with it. A socket made there stays there, whoever uses it afterwards.
/// </summary>
internal static partial class NetworkNamespace
{
    /// <summary>CLONE_NEWNET, see setns(2).</summary>
    private const int NetworkKind = 0x40000000;

    public static Task<Socket> SocketAsync(string netns) =>
        RunAsync(netns, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });

    /// <summary>Sets kernel parameters of the namespace, by their paths under /proc/sys/net.</summary>
    public static Task SetAsync(string netns, params (string Parameter, string Value)[] settings) =>
        RunAsync(
            netns,
            () =>
            {
                foreach (var (parameter, value) in settings)
                {
                    var file = Path.Combine("/proc/sys/net", parameter);
                    if (File.Exists(file))
                    {
                        File.WriteAllText(file, value);
                    }
                }

                return true;
            }
        );

    public static Task<T> RunAsync<T>(string netns, Func<T> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                Enter(netns);
                done.SetResult(action());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        })
        {
            IsBackground = true,
            Name = netns,
        }.Start();
        return done.Task;
    }

    /// <summary>The namespace's inode, which no other living namespace has; null if there is none.</summary>
    public static ulong? Identity(string netns)
    {
        var path = EngineSettings.NamespaceFile(netns);
        return File.Exists(path) && Libc.Stat(path) is { Device: var device, Inode: var inode } ? (device << 40) ^ inode : null;
    }

    private static void Enter(string netns)
    {
        SafeFileHandle file;
        try
        {
            file = File.OpenHandle(EngineSettings.NamespaceFile(netns));
        }
        catch (FileNotFoundException error)
        {
            throw new EngineException(EngineFault.Missing, "The network is not there.", error);
        }

        using (file)
        {
            if (setns(file.DangerousGetHandle().ToInt32(), NetworkKind) != 0)
            {
                throw new EngineException(
                    EngineFault.Unavailable,
                    $"Cannot enter a network namespace: {Marshal.GetLastPInvokeErrorMessage()}. The worker must run as root."
                );
            }
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(int fd, int kind);
}
