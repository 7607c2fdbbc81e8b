using static Portal.Model.Compute.InstanceState;

namespace Portal.Model.Compute;

/// <summary>What can be asked of the system inside, while it runs.</summary>
public sealed partial class Instance
{
    /// <summary>The agent inside the guest is connected, as far as the engine can tell.</summary>
    public bool HasAgent { get; private set; }

    /// <summary>Why its guest can be asked for nothing; null if it can.</summary>
    public string? WhyNotAskGuest =>
        WhyNotInRescue
        ?? (State, Goal) switch
        {
            (Running, InstanceGoal.Running) when IsRebooting => "A reboot is under way.",
            (Running, InstanceGoal.Running) => HasAgent
                ? null
                : "The agent in its guest does not answer. It starts some seconds after SSH; where it is missing: sudo apt install qemu-guest-agent. If it is running, reboot the instance here to connect it.",
            _ => $"Its guest can be asked while it runs; it is {Status}.",
        };
}
