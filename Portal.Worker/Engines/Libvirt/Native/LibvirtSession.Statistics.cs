using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using static Portal.Worker.Engines.Libvirt.LibvirtLibrary;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>libvirt's typed parameters. https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectGetAllDomainStats</summary>
internal sealed unsafe partial class LibvirtSession
{
    /// <summary>VIR_DOMAIN_STATS_CPU_TOTAL, BALLOON, VCPU, INTERFACE and BLOCK.</summary>
    private const uint WantedStatistics = 2 | 4 | 8 | 16 | 32;

    /// <summary>VIR_DOMAIN_STATS_STATE.</summary>
    private const uint StateAlone = 1;

    /// <summary>VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING.</summary>
    private const uint OfRunning = 16;

    /// <summary>VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT: a machine that is being changed does not hold up the others.</summary>
    private const uint WithoutWaiting = 1u << 29;

    /// <summary>Every running machine's counters by libvirt's names: whole numbers, and the names of things.</summary>
    public IReadOnlyList<(string Name, IReadOnlyDictionary<string, object> Values)> Statistics() =>
        Told(WantedStatistics, OfRunning | WithoutWaiting);

    /// <summary>The state of every machine of Portal's, running or not.</summary>
    public IEnumerable<(string Name, (DomainState State, bool WriteFailed, bool StoppedByGuest) State)> States() =>
        Told(StateAlone, WithoutWaiting)
            .Where(machine => EngineFolder.IsId(machine.Name) && machine.Values.ContainsKey("state.state"))
            .Select(machine => (machine.Name, Domain.Told(Number(machine.Values, "state.state"), Number(machine.Values, "state.reason"))));

    private static int Number(IReadOnlyDictionary<string, object> values, string name) => (int)(long)values[name];

    private List<(string Name, IReadOnlyDictionary<string, object> Values)> Told(uint wanted, uint flags)
    {
        var count = Check(virConnectGetAllDomainStats(connection, wanted, out var records, flags));
        try
        {
            var machines = new List<(string, IReadOnlyDictionary<string, object>)>(count);
            for (var i = 0; i < count; i++)
            {
                machines.Add((Marshal.PtrToStringUTF8((nint)virDomainGetName(records[i]->Domain))!, Values(records[i])));
            }

            return machines;
        }
        finally
        {
            virDomainStatsRecordListFree(records);
        }
    }

    private static Dictionary<string, object> Values(StatisticsRecord* record)
    {
        var values = new Dictionary<string, object>(record->Count, StringComparer.Ordinal);
        for (var i = 0; i < record->Count; i++)
        {
            var parameter = record->Parameters + i;
            var name = Utf8StringMarshaller.ConvertToManaged(parameter->Field)!;
            switch (parameter->Type)
            {
                case 1:
                    values[name] = (long)*(int*)&parameter->Value;
                    break;
                case 2:
                    values[name] = (long)*(uint*)&parameter->Value;
                    break;
                case 3 or 4:
                    values[name] = parameter->Value;
                    break;
                case 7:
                    values[name] = Utf8StringMarshaller.ConvertToManaged((byte*)parameter->Value) ?? "";
                    break;
            }
        }

        return values;
    }
}
