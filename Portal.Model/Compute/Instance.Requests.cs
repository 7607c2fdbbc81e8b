using Portal.Model.Shared;
using static Portal.Model.Compute.InstanceState;

namespace Portal.Model.Compute;

/// <summary>What a customer may ask of an instance, and why not. The same rule greys the button and refuses on the server.</summary>
public sealed partial class Instance
{
    public static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan StopLimit = TimeSpan.FromMinutes(3);
    public static readonly TimeSpan TerminateLimit = TimeSpan.FromMinutes(3);

    /// <summary>How long a guest may take to shut down by itself before its power is cut.</summary>
    public static readonly TimeSpan PoliteShutdown = TimeSpan.FromSeconds(20);

    public string? WhyNotStart =>
        (State, Goal) is (Stopped, InstanceGoal.Stopped) or (Failed, not InstanceGoal.Terminated)
            ? null
            : $"Only a stopped instance can be started; this one is {Status}.";

    public string? WhyNotStop =>
        (State, Goal) is (Running, InstanceGoal.Running) ? null : $"Only a running instance can be stopped; this one is {Status}.";

    public string? WhyNotReboot =>
        (State, Goal, RebootsWanted == RebootsDone) switch
        {
            (Running, InstanceGoal.Running, true) => null,
            (Running, InstanceGoal.Running, false) => "A reboot is already under way.",
            _ => $"Only a running instance can be rebooted; this one is {Status}.",
        };

    public string? WhyNotTerminate => Goal is InstanceGoal.Terminated ? $"It is {Status} already." : WhyNotLose;

    public string? WhyNotConsole => State is Running or Stopping ? null : $"The console opens once the instance runs; it is {Status}.";

    /// <summary>The state in words, as EC2 spells it; while a request is on its way, the state it leads through.</summary>
    public string Status => Spell(StateNow);

    /// <summary>The state to show: a click shows its effect before the worker has observed it.</summary>
    public InstanceState StateNow => StateFor(State, Goal);

    public static string Spell(InstanceState state) => state is ShuttingDown ? "shutting-down" : state.ToString().ToLowerInvariant();

    public static InstanceState StateFor(InstanceState state, InstanceGoal goal) =>
        (state, goal) switch
        {
            (Terminated, _) => Terminated,
            (_, InstanceGoal.Terminated) => ShuttingDown,
            (Running, InstanceGoal.Stopped) => Stopping,
            (Stopped, InstanceGoal.Running) => Pending,
            _ => state,
        };

    /// <summary>For one that was just made: it is to run, and by when.</summary>
    public Instance Requested(DateTimeOffset now)
    {
        (Goal, Deadline, RequestedAt) = (InstanceGoal.Running, now + StartLimit, now);
        return this;
    }

    public Outcome RequestStart(DateTimeOffset now)
    {
        if (WhyNotStart is { } reason)
        {
            return Refusal.State(reason);
        }

        (Goal, Deadline, LastError, IsRescue, IsSuspended) = (InstanceGoal.Running, now + StartLimit, null, false, false);
        State = State is Failed ? Pending : State;
        (RequestedAt, AddressAt, DiskAt, BootAt, SshAt) = (now, null, null, null, null);
        return Outcome.Done;
    }

    public Outcome RequestStop(DateTimeOffset now)
    {
        if (WhyNotStop is { } reason)
        {
            return Refusal.State(reason);
        }

        (Goal, Deadline, IsRescue) = (InstanceGoal.Stopped, now + StopLimit, false);
        return Outcome.Done;
    }

    /// <summary>For its account's suspension: as a stop, and remembered.</summary>
    public Outcome RequestSuspension(DateTimeOffset now)
    {
        var outcome = RequestStop(now);
        IsSuspended |= outcome.IsDone;
        return outcome;
    }

    public Outcome RequestReboot(DateTimeOffset now)
    {
        if (WhyNotReboot is { } reason)
        {
            return Refusal.State(reason);
        }

        (RebootsWanted, Deadline, RequestedAt, BootAt, SshAt) = (RebootsWanted + 1, now + StartLimit, now, null, null);
        return Outcome.Done;
    }

    public Outcome RequestTerminate(DateTimeOffset now)
    {
        if (WhyNotTerminate is { } reason)
        {
            return Refusal.State(reason);
        }

        (Goal, Deadline) = (InstanceGoal.Terminated, now + TerminateLimit);
        return Outcome.Done;
    }
}
