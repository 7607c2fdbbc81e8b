using Portal.Model.Shared;
using static Portal.Worker.Engines.Libvirt.LibvirtLibrary;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The driver's one connection, opened at the first call and again after it was lost. libvirt's calls block: a few at a time run on the
/// thread pool, and one that hangs is given up after <see cref="Patience"/>.
/// </summary>
/// <param name="atOnce">How many calls may run at one time.</param>
internal sealed class LibvirtConnection(EngineFolder folder, int atOnce = 6) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim slots = new(atOnce);
    private readonly Lock gate = new();
    private ConnectionHandle? current;

    /// <summary>
    /// Called when the connection was found to be lost: others to the same daemon then are too, and would only find out by their next
    /// calls.
    /// </summary>
    public Action? Lost { get; set; }

    /// <summary>The next call opens another one.</summary>
    public void Forget()
    {
        lock (gate)
        {
            current?.Dispose();
            current = null;
        }
    }

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
                Lost?.Invoke();
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
                Lost?.Invoke();
            }
        }
    }
}

/// <summary>What a call does with the connection; every failure leaves it as an <see cref="EngineException"/>.</summary>
internal sealed unsafe partial class LibvirtSession(ConnectionHandle connection, Action<ConnectionHandle> lost)
{
    public Domain? Find(string name)
    {
        var handle = virDomainLookupByName(connection, name);
        return !handle.IsInvalid ? new Domain(this, handle)
            : LibvirtErrors.LastIs(LibvirtErrors.NoDomain) ? null
            : throw Failure();
    }

    /// <summary>Makes the machine or changes its definition; a running one goes on as it was started.</summary>
    public Domain Define(string xml)
    {
        var handle = virDomainDefineXMLFlags(connection, xml, 0);
        return handle.IsInvalid ? throw Failure() : new Domain(this, handle);
    }

    /// <summary>Name, vCPUs and memory of every machine, running or not.</summary>
    public IReadOnlyList<DomainSize> List()
    {
        var count = Check(virConnectListAllDomains(connection, out var domains, 0));
        var sizes = new List<DomainSize>(count);
        for (var i = 0; i < count; i++)
        {
            var name = System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)virDomainGetName(domains[i]))!;

            // One that was removed meanwhile has no information any more. Others than Portal's are bin/engine's, which looks what stands
            // around a guest.
            if (EngineFolder.IsId(name) && virDomainGetInfo(domains[i], out var info) == 0)
            {
                sizes.Add(new DomainSize(name, info.Vcpus, (int)((ulong)info.MaxMemoryKiB.Value / 1024), ((DomainState)info.State).IsOn()));
            }

            _ = virDomainFree(domains[i]);
        }

        Free(domains);
        return sizes;
    }

    public int Check(int result) => result < 0 ? throw Failure() : result;

    /// <summary>What an agent inside a guest was asked for. Whatever it says in its defence stays with it.</summary>
    public void CheckAgent(int result)
    {
        if (result < 0)
        {
            throw Failure(isOfGuest: true);
        }
    }

    /// <summary>A machine that went off by itself a moment ago is what was wanted.</summary>
    public void CheckStopped(int result)
    {
        if (result < 0 && !LibvirtErrors.LastIs(LibvirtErrors.NotInThisState))
        {
            throw Failure();
        }
    }

    /// <summary>A device that the guest was asked to let go of, and has not yet, or has just now.</summary>
    public void CheckAsked(int result)
    {
        if (result < 0 && !LibvirtErrors.LastIsUnplugging())
        {
            throw Failure();
        }
    }

    private EngineException Failure(bool isOfGuest = false)
    {
        // The thread's last error is read first: asking whether the connection lives would overwrite it.
        var isLost = LibvirtErrors.Last(connectionLost: true, isOfGuest);
        var failure = LibvirtErrors.Last(connectionLost: false, isOfGuest);
        if (virConnectIsAlive(connection) == 1)
        {
            return failure;
        }

        lost(connection);
        return isLost;
    }
}

internal sealed record DomainSize(string Name, int Vcpus, int MemoryMiB, bool IsOn);
