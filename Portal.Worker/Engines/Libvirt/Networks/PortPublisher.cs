using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The process <c>Portal.Worker publish STATE</c>: listens on 127.0.0.1 at every published port and connects to a port of its guest from
/// inside the guest's router. It is a process of its own so that ssh sessions outlive the worker. It never listens on another address.
/// </summary>
internal sealed class PortPublisher(EngineFolder folder)
{
    /// <summary>
    /// Besides being told of changes by the file system, look again: a port may have been taken by another program for a while.
    /// </summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ToConnect = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AcceptAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// So that the callers of one customer's port cannot take the files that the others' need; the rest wait in the kernel's queue.
    /// </summary>
    private const int ConnectionsPerPort = 128;

    private readonly Dictionary<int, (PublishedPort Target, TcpListener Listener)> open = [];

    public async Task<int> RunAsync(CancellationToken ct)
    {
        var settings = folder.Settings();
        var pid = Path.Combine(settings.Run, "publish.pid");
        FileStream only;
        try
        {
            only = new FileStream(
                pid + ".lock",
                new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    Share = FileShare.None,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }
            );
        }
        catch (IOException)
        {
            await Console.Error.WriteLineAsync("The ports of this engine are published by another process already.");
            return 0;
        }

        await using (only)
        {
            EngineFolder.WriteClosed(pid, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            using var changed = new SemaphoreSlim(1, 1);
            using var watcher = new FileSystemWatcher(settings.Published);
            watcher.Created += (_, _) => Release(changed);
            watcher.Deleted += (_, _) => Release(changed);
            watcher.Renamed += (_, _) => Release(changed);
            watcher.EnableRaisingEvents = true;
            while (!ct.IsCancellationRequested)
            {
                await changed
                    .WaitAsync(LookAgain, ct)
                    .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                Update(PublishedPorts.Read(settings), ct);
            }

            Update(new Dictionary<int, PublishedPort>(), ct);
            File.Delete(pid);
        }

        return 0;
    }

    private static void Release(SemaphoreSlim changed)
    {
        try
        {
            changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // It will look already.
        }
    }

    private void Update(IReadOnlyDictionary<int, PublishedPort> wanted, CancellationToken ct)
    {
        foreach (var (port, (target, listener)) in open.ToList())
        {
            if (wanted.GetValueOrDefault(port) != target)
            {
                listener.Dispose();
                open.Remove(port);
            }
        }

        foreach (var (port, target) in wanted.Where(pair => !open.ContainsKey(pair.Key)))
        {
            var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                open[port] = (target, listener);
                _ = AcceptAsync(listener, target, ct);
            }
            catch (SocketException error)
            {
                listener.Dispose();
                Console.Error.WriteLine($"Port {port} of 127.0.0.1 cannot be published: {error.Message}");
            }
        }
    }

    private static async Task AcceptAsync(TcpListener listener, PublishedPort target, CancellationToken ct)
    {
        var places = new SemaphoreSlim(ConnectionsPerPort);
        try
        {
            while (true)
            {
                await places.WaitAsync(ct);
                try
                {
                    _ = ForwardAsync(await listener.AcceptSocketAsync(ct), target, places, ct);
                }
                catch (SocketException) when (listener.Server.IsBound)
                {
                    // E.g. too many open files: the port stays published, and the next caller is tried a moment later.
                    places.Release();
                    await Task.Delay(AcceptAgain, ct);
                }
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The port is no longer published.
        }
    }

    private static async Task ForwardAsync(Socket client, PublishedPort target, SemaphoreSlim places, CancellationToken ct)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                using var guest = await NetworkNamespace.SocketAsync(target.Router);
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
                patience.CancelAfter(ToConnect);
                await guest.ConnectAsync(new IPEndPoint(target.Address, target.GuestPort), patience.Token);
                await Task.WhenAll(PumpAsync(client, guest, ct), PumpAsync(guest, client, ct));
            }
            catch (Exception error) when (error is SocketException or IOException or OperationCanceledException or EngineException)
            {
                // The caller sees his connection closed, as by a machine that is not there.
            }
            finally
            {
                places.Release();
            }
        }
    }

    /// <summary>Copies one direction and passes its end on, so that the other direction can still finish.</summary>
    private static async Task PumpAsync(Socket from, Socket to, CancellationToken ct)
    {
        var buffer = new byte[1 << 16];
        try
        {
            for (int count; (count = await from.ReceiveAsync(buffer, ct)) > 0; )
            {
                for (var sent = 0; sent < count; )
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), ct);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            from.Dispose();
            to.Dispose();
        }
    }
}
