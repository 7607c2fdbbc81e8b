using System.Collections.Concurrent;
using Portal.Model.Compute;
using Portal.Model.Monitoring;

namespace Portal.Tests.Compute;

/// <summary>What its machines use is what a test says that they have used.</summary>
public sealed partial class InMemoryEngine : IMetricsEngine
{
    /// <summary>By the machine's id; of a machine that is not among them, and runs, the counters stand at zero.</summary>
    public ConcurrentDictionary<string, MachineCounters> Used { get; } = new(StringComparer.Ordinal);

    public Task<IReadOnlyList<MachineCounters>> CountersAsync(CancellationToken ct) =>
        CallAsync<IReadOnlyList<MachineCounters>>(
            () =>
                [
                    .. machines
                        .Values.Where(machine => machine.Power is MachinePower.Running)
                        .Select(machine =>
                            Used.GetValueOrDefault(machine.Spec.Id)
                            ?? new MachineCounters(machine.Spec.Id, TimeSpan.Zero, machine.Spec.Vcpus, null, null, [], 0, 0)
                        ),
                ],
            ct
        );
}
