using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;
using static Portal.Model.Compute.InstanceState;

namespace Portal.Model.Compute;

/// <summary>
/// For one whose own system does not come up: a restart into a small system that lives in memory, or a start if it is stopped, with its
/// disks attached as ever. Addresses, keys and price stay. PageLifetime it is another restart; a stop leaves it too.
/// </summary>
public sealed partial class Instance
{
    /// <summary>As whom one signs in to the rescue system.</summary>
    public const string RescueUser = "root";

    /// <summary>It runs, or is on its way into, the rescue system.</summary>
    public bool IsRescue { get; private set; }

    /// <summary>The rescue system's own, made anew each time.</summary>
    [MaxLength(1024)]
    public string? RescueHostKey { get; private set; }

    /// <summary>That of the system which runs, or is about to.</summary>
    public string? HostKeyNow => IsRescue ? RescueHostKey : HostKey;

    /// <summary>Needs <see cref="Image"/>.</summary>
    public string SshUserNow => IsRescue ? RescueUser : Image.SshUser;

    /// <summary>Why nothing can be asked of it that only its own system could do; null if it is not in rescue.</summary>
    public string? WhyNotInRescue => IsRescue ? "It is in rescue: leave that first." : null;

    public string? WhyNotRescue =>
        (State, Goal) switch
        {
            _ when RebuildImageId is not null => "It is being rebuilt: its next start exchanges the disk that would be rescued.",
            (Running, InstanceGoal.Running) when IsRescue => "It is in rescue already.",
            (Running, InstanceGoal.Running) => IsRebooting ? "A reboot is under way." : null,
            _ => WhyNotStart is null ? null : $"It can be rescued while it runs or is stopped; it is {Status}.",
        };

    public string? WhyNotLeaveRescue => !IsRescue ? "It is not in rescue." : WhyNotReboot;

    public Outcome RequestRescue(DateTimeOffset now) =>
        WhyNotRescue is { } reason ? Refusal.State(reason)
        : WhyNotStart is null ? StartIntoRescue(now)
        : Restart(into: true, now);

    public Outcome RequestLeaveRescue(DateTimeOffset now) =>
        WhyNotLeaveRescue is { } reason ? Refusal.State(reason) : Restart(into: false, now);

    /// <summary>Counts as a restart, as each way into rescue does: what the rescue system is told is written anew for each.</summary>
    private Outcome StartIntoRescue(DateTimeOffset now)
    {
        var started = RequestStart(now);
        (IsRescue, RescueHostKey, RebootsWanted) = (true, null, RebootsWanted + 1);
        return started;
    }

    private Outcome Restart(bool into, DateTimeOffset now)
    {
        (IsRescue, RescueHostKey) = (into, null);
        return RequestReboot(now);
    }
}
