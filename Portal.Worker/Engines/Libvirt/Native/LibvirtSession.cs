using Portal.Model.Shared;
using static Portal.Worker.Engines.Libvirt.LibvirtLibrary;

namespace Portal.Worker.Engines.Libvirt;

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

    private EngineException Failure()
    {
        // The thread's last error is read first: asking whether the connection lives would overwrite it.
        var isLost = LibvirtErrors.Last(connectionLost: true);
        var failure = LibvirtErrors.Last(connectionLost: false);
        if (virConnectIsAlive(connection) == 1)
        {
            return failure;
        }

        lost(connection);
        return isLost;
    }
}

internal sealed record DomainSize(string Name, int Vcpus, int MemoryMiB, bool IsOn);
