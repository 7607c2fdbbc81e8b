using Portal.Model.Shared;
using static Portal.Worker.Engines.Libvirt.LibvirtLibrary;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The driver's one connection, opened at the first call and again after it was lost. libvirt's calls block: a few at a time run on the
/// thread pool, and one that hangs is given up after <see cref="Patience"/>.
/// </summary>
internal sealed class LibvirtConnection(EngineFolder folder) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim slots = new(6);
    private readonly Lock gate = new();
    private ConnectionHandle? current;

    public async Task<T> CallAsync<T>(Func<LibvirtSession, T> call, CancellationToken ct)
    {
        await slots.WaitAsync(ct);
        var running = Task.Run(
            () =>
            {
                try
                {
                    return call(new LibvirtSession(Open(), Discard));
                }
                catch (ObjectDisposedException error)
                {
                    // It was found to be lost in the middle of the call, or by another one, and given up.
                    throw new EngineException(EngineFault.Unavailable, "The connection to libvirt was lost.", error);
                }
                finally
                {
                    slots.Release();
                }
            },
            CancellationToken.None
        );
        try
        {
            return await running.WaitAsync(Patience, ct);
        }
        catch (TimeoutException error)
        {
            throw new EngineException(EngineFault.Unavailable, $"libvirt did not answer within {Patience.TotalSeconds:0} s.", error);
        }
    }

    public void Dispose()
    {
        current?.Dispose();
        slots.Dispose();
    }

    private ConnectionHandle Open()
    {
        lock (gate)
        {
            if (current is not null && virConnectIsAlive(current) == 1)
            {
                return current;
            }

            if (current is not null)
            {
                current.Dispose();
                current = null;
            }

            var opened = virConnectOpen($"qemu+unix:///system?socket={folder.Settings().LibvirtSocket}");
            return opened.IsInvalid ? throw LibvirtErrors.Last(connectionLost: true) : current = opened;
        }
    }

    private void Discard(ConnectionHandle lost)
    {
        lock (gate)
        {
            if (ReferenceEquals(current, lost))
            {
                current = null;
                lost.Dispose();
            }
        }
    }
}
