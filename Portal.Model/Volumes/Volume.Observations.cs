using Portal.Model.Shared;
using static Portal.Model.Volumes.VolumeState;

namespace Portal.Model.Volumes;

/// <summary>What the worker writes down. Usage spans follow from <see cref="MadeGiB"/>, see <see cref="VolumeMeter"/>.</summary>
public sealed partial class Volume
{
    /// <summary>
    /// There is something left to do for its job. Making a root disk, and where it is, is the business of its instance's job.
    /// </summary>
    public bool IsUnsettled =>
        (State, Goal) switch
        {
            (Deleted, _) => false,
            (_, VolumeGoal.Deleted) => true,
            (Error, _) => false,
            (Creating, _) => !IsRoot,
            (Available, _) => (InstanceId is not null && !IsRoot) || SizeGiB > MadeGiB,
            _ => Goal is not VolumeGoal.InUse || SizeGiB > MadeGiB,
        };

    public bool IsGrowing => MadeGiB > 0 && SizeGiB > MadeGiB;

    public VolumeSpec Spec =>
        new(Id, AccountId, SizeGiB, Type.Iops, Type.MiBPerSecond, SnapshotId is null ? Image?.FileName : null, SnapshotId);

    /// <summary>It is there, so large.</summary>
    public void ObserveMade(int sizeGiB)
    {
        (MadeGiB, Waiting) = (Math.Max(MadeGiB, sizeGiB), null);
        State = State is Creating ? Available : State;
        Settle();
    }

    public void ObserveAttached(DateTimeOffset now)
    {
        (State, AttachedAt, Waiting) = (InUse, AttachedAt ?? now, null);
        Settle();
    }

    /// <summary>No machine has it any more.</summary>
    public void ObserveDetached()
    {
        LetGo();
        (State, Waiting) = (MadeGiB > 0 ? Available : Creating, null);
        Settle();
    }

    /// <summary>Its instance was terminated: it goes too, or it is free again.</summary>
    public void ObserveInstanceGone(DateTimeOffset now)
    {
        var goes = DeleteOnTermination;
        ObserveDetached();
        if (goes)
        {
            (Goal, Deadline) = (VolumeGoal.Deleted, now + DeleteLimit);
        }
        else if (State is Creating)
        {
            Deadline = now + MakeLimit;
        }
    }

    /// <summary>Its machine has it no more though it should: the job gives it to it again.</summary>
    public void ObserveLost(DateTimeOffset now) => (State, AttachedAt, Deadline) = (Available, null, now + AttachLimit);

    public void ObserveRemoved(DateTimeOffset now)
    {
        (State, DeletedAt, MadeGiB) = (Deleted, DeletedAt ?? now, 0);
        (Deadline, Waiting, InstanceId, Instance, Device, IsRoot) = (null, null, null, null, null, false);
    }

    public void Wait(string sentence) => Waiting = sentence;

    /// <summary>A snapshot is being taken, which may take longer than what was asked of the volume: that is not late for it.</summary>
    public void WaitForSnapshot(DateTimeOffset now)
    {
        Waiting = WaitingFor.Snapshot;
        Deadline = Deadline - now < DeleteLimit / 2 ? now + DeleteLimit : Deadline;
    }

    /// <summary>The engine will not do it: things stay as they were, and the customer is told why.</summary>
    public void ObserveRefused(string reason)
    {
        LastError = reason;
        switch (State, Goal)
        {
            case (_, VolumeGoal.Deleted):
                Waiting = reason;
                return;
            case (Creating, _):
                State = Error;
                if (!IsRoot)
                {
                    LetGo();
                }

                break;
            case (Available, _) when InstanceId is not null:
                ObserveDetached();
                break;
            case (InUse, VolumeGoal.Available):
                Goal = VolumeGoal.InUse;
                break;
            default:
                SizeGiB = MadeGiB;
                break;
        }

        Settle();
    }

    private void LetGo()
    {
        (InstanceId, Instance, Device, IsRoot, DeleteOnTermination, AttachedAt) = (null, null, null, false, false, null);
        Goal = Goal is VolumeGoal.InUse ? VolumeGoal.Available : Goal;
    }

    private void Settle()
    {
        if (!IsUnsettled)
        {
            (Deadline, Waiting) = (null, null);
        }
    }
}
