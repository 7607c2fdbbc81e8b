using Portal.Model.Volumes;
using static Portal.Model.Compute.InstanceState;

namespace Portal.Model.Compute;

/// <summary>What the worker writes down. Usage spans follow from <see cref="State"/>, see Billing.</summary>
public sealed partial class Instance
{
    /// <summary>There is something left to do for the worker.</summary>
    public bool IsUnsettled =>
        State switch
        {
            Terminated => false,
            Failed => Goal is InstanceGoal.Terminated,
            Running => Goal is not InstanceGoal.Running || RebootsWanted != RebootsDone || (SshAt is null && Deadline is not null),
            Stopped => Goal is not InstanceGoal.Stopped,
            _ => true,
        };

    public bool IsRebooting => State is Running && RebootsWanted != RebootsDone;

    public void ObserveStep(InstanceStep step, DateTimeOffset now)
    {
        switch (step)
        {
            case InstanceStep.Address:
                AddressAt ??= now;
                break;
            case InstanceStep.Disk:
                DiskAt ??= now;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(step), step, "Only the steps before the boot are told one by one.");
        }
    }

    /// <summary>Since when the system that runs now does: a restart begins anew.</summary>
    public DateTimeOffset? UpSince => State is Running ? BootAt : null;

    public DateTimeOffset? StepAt(InstanceStep step) =>
        step switch
        {
            InstanceStep.Accepted => RequestedAt ?? CreatedAt,
            InstanceStep.Address => AddressAt,
            InstanceStep.Disk => DiskAt,
            InstanceStep.Boot => BootAt,
            _ => SshAt,
        };

    /// <summary>
    /// Writes down what the engine sees. A machine that is off though it should run, was lost, or broke, is told apart here.
    /// </summary>
    public void Observe(MachineObservation seen, DateTimeOffset now)
    {
        Waiting = null;
        if (seen is { IsUnderWay: true, Power: MachinePower.Missing or MachinePower.Off })
        {
            // Still being made or started: neither stopped nor lost.
            return;
        }

        Stalled = seen.Power is MachinePower.Running ? seen.Problem : null;
        HasAgent = seen.Power is MachinePower.Running && seen.AgentAnswers;
        switch (seen.Power)
        {
            case MachinePower.Running:
                ObserveRunning(seen, now);
                break;
            case MachinePower.Broken:
                Fail(seen.Problem ?? "The machine broke down.");
                break;
            default:
                (BootAt, SshAt) = (null, null);
                if (seen.StoppedByGuest && (State, Goal) is (Running, InstanceGoal.Running))
                {
                    ObserveShutdownFromInside();
                    break;
                }

                if ((State, Goal) is (Running, InstanceGoal.Running))
                {
                    // Lost, or its host was. It is started again, and that is waited for as for any start.
                    (RequestedAt, Deadline) = (now, now + StartLimit);
                }

                State = Goal switch
                {
                    InstanceGoal.Stopped => Stopped,
                    InstanceGoal.Terminated => ShuttingDown,
                    _ => Pending,
                };
                break;
        }

        // A guest need not run an ssh server: past the deadline nobody waits for it any longer.
        if (!IsUnsettled || (State is Running && Goal is InstanceGoal.Running && RebootsWanted == RebootsDone && now >= Deadline))
        {
            Deadline = null;
        }
    }

    private void ObserveRunning(MachineObservation seen, DateTimeOffset now)
    {
        RebootsDone = Math.Max(RebootsDone, Math.Min(seen.RebootsDone, RebootsWanted));
        State = Goal switch
        {
            InstanceGoal.Running => Running,
            InstanceGoal.Stopped => Stopping,
            _ => ShuttingDown,
        };

        // While it stops, it is no longer said which system that was; its host key must not be taken for that of the disk's.
        if (RebootsDone == RebootsWanted && Goal is InstanceGoal.Running)
        {
            BootAt ??= now;
            (HostKey, RescueHostKey) = IsRescue ? (HostKey, seen.HostKey ?? RescueHostKey) : (seen.HostKey ?? HostKey, null);
            if (seen.SshAnswers)
            {
                SshAt ??= now;
            }
        }
    }

    /// <summary>The engine's side is gone: nothing is left that costs anything.</summary>
    public void ObserveRemoved(DateTimeOffset now)
    {
        (State, TerminatedAt, PublicPort) = (Terminated, TerminatedAt ?? now, null);
        (Deadline, Waiting) = (null, null);
        Interfaces.Clear();
    }

    /// <summary>The engine is away: the request waits and says so.</summary>
    public void Wait(string sentence) => Waiting = sentence;

    /// <summary>Its customer shut it down from inside: as at EC2 that is a stop, not a failure.</summary>
    private void ObserveShutdownFromInside()
    {
        Goal = InstanceGoal.Stopped;
        State = Stopped;
        IsRescue = false;
    }

    public void Fail(string reason) => (State, LastError, Deadline, Waiting) = (Failed, reason, null, null);

    /// <summary>A guest that ignored the polite shutdown for long enough gets its power cut.</summary>
    public bool ShouldForce(DateTimeOffset now) =>
        Goal switch
        {
            InstanceGoal.Terminated => true,
            InstanceGoal.Stopped => Deadline is { } deadline && now >= deadline - StopLimit + PoliteShutdown,
            _ => false,
        };

    /// <summary>Needs the parts that <see cref="InstanceParts.WithParts"/> loads.</summary>
    public InstanceSpec Spec(DateTimeOffset now) =>
        new(
            Id,
            AccountId,
            HostName,
            Vcpus,
            MemoryMiB,
            [.. Attachments],
            Image.SshUser,
            PublicKey,
            UserData,
            NetworkId,
            [
                .. Interfaces
                    .Where(networkInterface => !networkInterface.IsDeleting)
                    .OrderBy(networkInterface => networkInterface.Position)
                    .Select(networkInterface => networkInterface.Spec),
            ],
            PublicPort,
            Goal is InstanceGoal.Running ? MachinePower.Running : MachinePower.Off,
            ShouldForce(now),
            RebootsWanted,
            IsRescue
        );

    /// <summary>Under which the others in its network find it.</summary>
    public string HostName => InstanceName.HostName(Name) ?? Id;

    /// <summary>What it is to have at its next start.</summary>
    private IEnumerable<VolumeAttachment> Attachments =>
        Volumes
            .Where(volume => volume is { Goal: VolumeGoal.InUse, State: not VolumeState.Error, Device: not null })
            .OrderBy(volume => volume.Device, StringComparer.Ordinal)
            .Select(volume => new VolumeAttachment(volume.Spec, volume.Device!));
}
