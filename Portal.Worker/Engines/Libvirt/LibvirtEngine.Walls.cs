using System.Collections.Concurrent;
using Portal.Model.Compute;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>What stands between guests. docs/decisions/guests-walls.md</summary>
public sealed partial class LibvirtEngine
{
    /// <summary>
    /// What QEMU takes besides the guest's own memory before it is taken for gone mad; MiB. Emulated ones keep what they translate.
    /// </summary>
    private const int MemoryBeside = 1024;
    private const int MemoryOfEmulation = 1024;

    /// <summary>Machines that were seen to run as a user of their own. They do so ever after: each start is with it.</summary>
    private readonly ConcurrentDictionary<string, bool> behindWalls = new(StringComparer.Ordinal);

    /// <summary>The user as which a running machine runs.</summary>
    private int RunsAs(Domain domain) => domain.RunsAs() ?? folder.Settings().SharedUid;

    private int UidOf(LibvirtSession session, string instanceId)
    {
        using var domain = session.Find(instanceId);
        return domain is not null && domain.State().State.IsOn() ? RunsAs(domain) : uids.Of(instanceId);
    }

    /// <summary>
    /// What can be limited only while it runs. One that was started before each had a user of its own has no control group to be limited
    /// by.
    /// </summary>
    private void Confine(Domain domain, InstanceSpec spec)
    {
        var settings = folder.Settings();
        if (settings.HasWall(GuestWalls.Memory) && domain.RunsAs() is { } uid && settings.IsGuestsOwn(uid) && !domain.HasMemoryLimit())
        {
            domain.LimitMemory((spec.MemoryMiB + (spec.MemoryMiB / 10L) + MemoryBeside + (settings.HasKvm ? 0 : MemoryOfEmulation)) << 10);
        }
    }

    /// <summary>How many running machines still run as the user that all shared once, until their next stop.</summary>
    private int Waiting(LibvirtSession session, IEnumerable<DomainSize> machines)
    {
        var settings = folder.Settings();
        return machines.Count(machine =>
        {
            if (!machine.IsOn || behindWalls.ContainsKey(machine.Name))
            {
                return false;
            }

            using var domain = session.Find(machine.Name);
            if (domain is null || !domain.State().State.IsOn())
            {
                return false;
            }

            if (!settings.IsGuestsOwn(RunsAs(domain)))
            {
                return true;
            }

            behindWalls[machine.Name] = true;
            return false;
        });
    }
}
