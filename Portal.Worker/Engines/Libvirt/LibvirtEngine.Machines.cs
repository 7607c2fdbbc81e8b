using Portal.Model.Compute;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// How a machine is brought from what it is to what is wanted; each step can be cut off after any line and taken up again.
/// </summary>
public sealed partial class LibvirtEngine
{
    private const string WriteFailed = "The host could not write to its disk.";

    private bool Ensure(LibvirtSession session, InstanceSpec spec)
    {
        using var found = session.Find(spec.Id);
        using var domain = found ?? Prepare(session, spec);
        var (state, writeFailed, _) = domain.State();
        if (state is DomainState.Paused && writeFailed)
        {
            domain.Resume();
        }

        switch (state.IsOn(), spec.Power)
        {
            case (true, MachinePower.Running):
                Confine(domain, spec);
                Reboot(session, domain, spec, state);
                break;
            case (true, _) when spec.Force:
                domain.CutPower();
                break;
            case (true, _) when state is not DomainState.Shutdown:
                domain.PressPowerButton();
                break;
            case (false, MachinePower.Running) when found is null:
                Start(domain, spec);
                break;
            case (false, MachinePower.Running):
                Start(session, spec);
                break;
            case (false, _) when domain.Mark(live: false).RebootAsked is not null:
                Define(session, spec, NewMark(spec)).Dispose();
                break;
        }

        return true;
    }

    /// <summary>
    /// The guest is asked to shut down, and started again when it is off or has had its time. That it was asked stands in its definition,
    /// so a machine that is off on the way is not taken for stopped, also by a worker that starts anew in between.
    /// </summary>
    private void Reboot(LibvirtSession session, Domain domain, InstanceSpec spec, DomainState state)
    {
        var running = domain.Mark(live: true);
        if (running.RebootsDone >= spec.RebootsWanted)
        {
            return;
        }

        var now = clock.GetUtcNow();
        if (domain.Mark(live: false).RebootAsked is not { } asked)
        {
            Define(session, spec, running with { RebootAsked = now.ToUnixTimeSeconds() }).Dispose();
            domain.PressPowerButton();
        }
        else if (now - DateTimeOffset.FromUnixTimeSeconds(asked) >= Instance.PoliteShutdown)
        {
            domain.CutPower();
            Start(session, spec);
        }
        else if (state is not DomainState.Shutdown)
        {
            domain.PressPowerButton();
        }
    }

    /// <summary>Whatever it was defined with before, it starts with what is wanted now: size, address and count of reboots.</summary>
    private void Start(LibvirtSession session, InstanceSpec spec)
    {
        using var domain = Prepare(session, spec);
        Start(domain, spec);
    }

    private void Start(Domain domain, InstanceSpec spec)
    {
        probes.Forget(spec.Id);
        domain.Start();
        Confine(domain, spec);
    }

    /// <summary>Only a machine that is off: one that runs keeps the user and the files that it was started with.</summary>
    private Domain Prepare(LibvirtSession session, InstanceSpec spec)
    {
        guestFiles.Prepare(spec.Id, spec.Volumes.Select(volume => volume.Volume.Id), uids.Of(spec.Id));
        return Define(session, spec, NewMark(spec));
    }

    private Domain Define(LibvirtSession session, InstanceSpec spec, MachineMark mark) =>
        session.Define(
            DomainXml.Of(
                spec,
                mark,
                files.BaseOf,
                spec.Rescue ? RescueSystem.VersionOf(folder, spec.Id) : null,
                uids.Of(spec.Id),
                folder.Settings()
            )
        );

    private static MachineMark NewMark(InstanceSpec spec) => new(spec.AccountId, spec.NetworkId, spec.RebootsWanted, null);

    private static MachineObservation Look(LibvirtSession session, string id)
    {
        using var domain = session.Find(id);
        if (domain is null)
        {
            return new MachineObservation(MachinePower.Missing, 0, SshAnswers: false, null, null);
        }

        var (state, writeFailed, stoppedByGuest) = domain.State();
        var mark = domain.Mark(live: state.IsOn());
        var isOn = state.IsOn() || mark.RebootAsked is not null;
        return new MachineObservation(
            isOn ? MachinePower.Running : MachinePower.Off,
            mark.RebootsDone,
            SshAnswers: false,
            null,
            writeFailed ? WriteFailed : null,
            stoppedByGuest && !isOn,
            AgentAnswers: state is DomainState.Running && HasAgent(domain, id),
            IsUnderWay: mark.RebootAsked is not null
        );
    }

    /// <summary>
    /// One call for the states of all; and of those that run, whether their agents are there, which libvirt tells one by one.
    /// </summary>
    private static Dictionary<string, MachineGlance> Glance(LibvirtSession session) =>
        session
            .States()
            .ToDictionary(
                machine => machine.Name,
                machine => new MachineGlance(
                    machine.State.State.IsOn() ? MachinePower.Running : MachinePower.Off,
                    machine.State.WriteFailed ? WriteFailed : null,
                    machine.State.State is DomainState.Running && HasAgent(session, machine.Name)
                ),
                StringComparer.Ordinal
            );

    private static bool HasAgent(LibvirtSession session, string id)
    {
        using var domain = session.Find(id);
        return domain is not null && HasAgent(domain, id);
    }

    private bool Remove(LibvirtSession session, string id)
    {
        using var domain = session.Find(id);
        if (domain is not null)
        {
            var held = domain.Volumes(live: false).Keys.ToList();
            if (domain.State().State.IsOn())
            {
                domain.CutPower();
            }

            domain.Undefine();
            held.ForEach(volume => guestFiles.TakeBack(id, volume, [], uids.Find(id), folder.Settings().SharedUid));
        }

        guestFiles.TakeAllBack(id, uids.Find(id));
        return true;
    }
}
