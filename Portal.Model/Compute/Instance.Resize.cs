using Portal.Model.Shared;
using static Portal.Model.Compute.InstanceState;

namespace Portal.Model.Compute;

/// <summary>Another size: processors and memory. Its machine gets them with its next start; its disks stay as they are.</summary>
public sealed partial class Instance
{
    public string? WhyNotResize =>
        (State, Goal) is (Stopped, InstanceGoal.Stopped) ? null : $"Stop the instance to resize it; it is {Status}.";

    /// <summary>Why it cannot become this size, whatever room there is; null if it can. Needs <see cref="Image"/>.</summary>
    public Refusal? WhyNotResizeTo(InstanceSize size) =>
        Refusal.State(WhyNotResize)
        ?? Refusal.Invalid(
            size.MemoryMiB < Image.MinMemoryMiB
                ? $"{Image.Name} needs {Image.MinMemoryMiB} MiB of memory; {size.Id} has {size.MemoryMiB}."
                : null
        );

    public Outcome Resize(InstanceSize size)
    {
        if (WhyNotResizeTo(size) is { } refusal)
        {
            return refusal;
        }

        (SizeId, Vcpus, MemoryMiB) = (size.Id, size.Vcpus, size.MemoryMiB);
        return Outcome.Done;
    }
}
