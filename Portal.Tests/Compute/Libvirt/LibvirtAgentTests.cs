using Portal.Compute;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Tests.Compute;

/// <summary>Real guests' agents, and their logins.</summary>
[Collection(EngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class LibvirtAgentTests(TestEngine engine) : LibvirtSteps(engine)
{
    [Fact]
    public async Task A_changed_key_opens_the_guest_the_former_one_does_not_and_a_restart_changes_nothing_of_that()
    {
        var machine = await RunningMachineAsync();
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
        var file = Real.KeyFile + "-other";
        await TestEngine.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file);
        await Guests.SetKeyAsync(machine.Id, machine.SshUser, (await File.ReadAllTextAsync(file + ".pub", Ct)).Trim(), Real.PublicKey, Ct);
        await OnlyOpensAsync(machine, file);

        var again = machine with { RebootsWanted = (await Engine.ObserveAsync(machine, Ct)).RebootsDone + 1 };
        await UntilAsync(async () => (await Engine.EnsureMachineAsync(again, Ct)).RebootsDone == again.RebootsWanted);
        await UntilAsync(async () => await Engine.ObserveAsync(again, Ct) is { SshAnswers: true, AgentAnswers: true });
        await OnlyOpensAsync(machine, file);
        await Guests.SetKeyAsync(machine.Id, machine.SshUser, Real.PublicKey, (await File.ReadAllTextAsync(file + ".pub", Ct)).Trim(), Ct);
    }

    [Fact]
    public async Task A_user_that_the_guest_does_not_have_is_rejected_and_a_silent_agent_is_unavailable()
    {
        var machine = await RunningMachineAsync();
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
        await FailsAsync(EngineFault.Rejected, () => Guests.SetKeyAsync(machine.Id, "nobody-here", AnAccount.Ed25519, null, Ct));
        await FailsAsync(EngineFault.Rejected, () => Guests.SetPasswordAsync(machine.Id, "nobody-here", GuestPassword.Hash("x"), Ct));
        await Real.SshAsync(machine, "kill -STOP $(cat /run/qemu-ga.pid)");
        await FailsAsync(EngineFault.Unavailable, () => Guests.SetPasswordAsync(machine.Id, machine.SshUser, GuestPassword.Hash("x"), Ct));
        await Real.SshAsync(machine, "kill -CONT $(cat /run/qemu-ga.pid)");
        await UntilAsync(async () =>
            await FaultOfAsync(() => Guests.SetPasswordAsync(machine.Id, machine.SshUser, GuestPassword.Hash("x"), Ct)) is null
        );
    }

    /// <summary>
    /// An agent of the customer's own making, which answers with what looks like a line of the log and holds what it was given. As QEMU's
    /// own it goes on looking when nobody is connected, which reads as an end.
    /// </summary>
    [Fact]
    public async Task What_an_agent_says_is_in_no_failure()
    {
        var machine = await StartAsync(AMachine(host: 41));
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);

        // The port takes one at a time, and the agent that was told to go takes its time: whoever opens it before is refused, and that
        // would be the end of the other one.
        Assert.Equal(
            "busy",
            await Real.SshAsync(machine, "(: <> /dev/virtio-ports/org.qemu.guest_agent.0) 2> /dev/null && echo free || echo busy")
        );
        await Real.SshAsync(
            machine,
            """
            kill $(cat /run/qemu-ga.pid)
            cat > /tmp/agent <<'EOF'
            until (: <> /dev/virtio-ports/org.qemu.guest_agent.0) 2> /dev/null; do sleep 0.1; done
            exec 3<> /dev/virtio-ports/org.qemu.guest_agent.0
            while sleep 0.1; do
              while read -r line <&3; do
                case $line in
                  *guest-sync*) printf '\377{"return": %s}\n' "$(echo "$line" | grep -oE '[0-9]+' | head -1)" >&3 ;;
                  *) echo '{"error": {"class": "GenericError", "desc": "forged\nline: Failed to get \"write\" lock", "data": "x"}}' >&3 ;;
                esac
              done
            done
            EOF
            (sh /tmp/agent > /dev/null 2>&1 &)
            """
        );
        foreach (
            var ask in new[]
            {
                () => Guests.SetPasswordAsync(machine.Id, machine.SshUser, GuestPassword.Hash("x"), Ct),
                () => Guests.SetKeyAsync(machine.Id, machine.SshUser, AnAccount.Ed25519, null, Ct),
            }
        )
        {
            EngineException? said = null;
            await UntilAsync(async () => (said = await FailureOfAsync(ask))?.Fault is EngineFault.Rejected);
            Assert.DoesNotContain("forged", $"{said} {said!.Detail}", StringComparison.Ordinal);
            Assert.Matches("Its agent's answer to guest-[a-z-]+ may hold anything, and is left out\\.$", said.Detail);
        }

        await RemoveAllAsync(machine);
    }

    /// <summary>
    /// Brackets without an end, of which a million in one another were the end of libvirtd: it reads nothing there, and who asks the agent
    /// turns away.
    /// </summary>
    [Fact]
    public async Task A_guest_that_writes_what_it_likes_into_its_agent_s_port_ends_nothing()
    {
        var machine = await RunningMachineAsync();
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
        var libvirtd = await PidAsync("libvirt/libvirtd.pid");
        await Real.SshAsync(
            machine,
            """
            kill $(cat /run/qemu-ga.pid)
            (head -c 1000000 /dev/zero | tr '\0' '['; head -c 1000000 /dev/zero | tr '\0' ']'; echo) > /tmp/deep
            cat > /tmp/writer <<'EOF'
            until (: > /dev/virtio-ports/org.qemu.guest_agent.0) 2> /dev/null; do sleep 0.1; done
            exec > /dev/virtio-ports/org.qemu.guest_agent.0
            touch /tmp/writes
            exec cat /tmp/deep /tmp/deep /tmp/deep /tmp/deep
            EOF
            (sh /tmp/writer > /dev/null 2>&1 & echo $! > /tmp/writer.pid)
            until [ -e /tmp/writes ]; do sleep 0.1; done
            """
        );
        try
        {
            await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
            for (var asked = 0; asked < 3; asked++)
            {
                Assert.Equal(
                    "The agent in the guest did not answer.",
                    (await FailureOfAsync(() => Guests.SetKeyAsync(machine.Id, machine.SshUser, AnAccount.Ed25519, null, Ct)))?.Message
                );
            }

            Assert.Equal(libvirtd, await PidAsync("libvirt/libvirtd.pid"));
            Assert.Equal(MachinePower.Running, (await Engine.ObserveAsync(machine, Ct)).Power);
        }
        finally
        {
            await Real.SshAsync(
                machine,
                """
                kill $(cat /tmp/writer.pid)
                rm /tmp/deep
                until (: > /dev/virtio-ports/org.qemu.guest_agent.0) 2> /dev/null; do sleep 0.1; done
                DEVNAME=$(basename $(readlink /dev/virtio-ports/org.qemu.guest_agent.0)) /etc/init.d/agent
                """
            );
        }

        await UntilAsync(async () =>
            await FailureOfAsync(() => Guests.SetKeyAsync(machine.Id, machine.SshUser, Real.PublicKey, null, Ct)) is null
        );
    }

    /// <summary>The two share a machine, since each boot takes seconds: what looks like a key in user data is none.</summary>
    [Fact]
    public async Task Silent_agents_of_one_account_hold_up_no_other_account_and_no_snapshot_and_its_user_data_gives_no_keys()
    {
        var (silent, other) = (
            await StartAsync(
                AMachine(host: 42) with
                {
                    AccountId = "acc-2",
                    UserData = $"#cloud-config\npublic-keys:\n- {AnAccount.Ed25519}\n# {AnAccount.Ed25519}\n",
                }
            ),
            await RunningMachineAsync()
        );
        Assert.Equal(string.Join(' ', Real.PublicKey.Split(' ').Take(2)), await KeysAsync(silent));
        await UntilAsync(async () =>
            (await Engine.ObserveAsync(silent, Ct)).AgentAnswers && (await Engine.ObserveAsync(other, Ct)).AgentAnswers
        );
        await Real.SshAsync(silent, "kill -STOP $(cat /run/qemu-ga.pid)");
        var enough = false;
        var asking = Enumerable.Range(0, AgentSlots.PerAccount).Select(_ => AskAgainAsync()).ToList();
        await UntilAsync(async () =>
            (await FailureOfAsync(() => Guests.SetKeyAsync(silent.Id, silent.SshUser, AnAccount.Ed25519, null, Ct)))?.Message
            == "The agents of other guests are being asked."
        );

        // Another account's guest is asked at once; of the same account a copy is as after a power cut, and begins at once.
        await Guests.SetKeyAsync(other.Id, other.SshUser, Real.PublicKey, null, Ct);
        var snapshot = new SnapshotSpec(ResourceIds.New("snap"), silent.AccountId, silent.Volumes[0].Volume.Id);
        Assert.False((await Volumes.EnsureSnapshotAsync(snapshot, Ct)).Quiesced);
        enough = true;
        await Task.WhenAll(asking);
        await UntilAsync(async () => (await Volumes.EnsureSnapshotAsync(snapshot, Ct)).IsComplete);
        var quiet = await TakeAsync(other.Volumes[0].Volume);
        Assert.True((await Volumes.EnsureSnapshotAsync(quiet, Ct)).Quiesced);
        await Volumes.RemoveSnapshotAsync(snapshot.Id, Ct);
        await Volumes.RemoveSnapshotAsync(quiet.Id, Ct);
        await RemoveAllAsync(silent);

        async Task AskAgainAsync()
        {
            while (!enough)
            {
                await FailureOfAsync(() => Guests.SetPasswordAsync(silent.Id, silent.SshUser, GuestPassword.Hash("x"), Ct));
            }
        }
    }

    private async Task OnlyOpensAsync(InstanceSpec machine, string file)
    {
        Assert.Equal(machine.HostName, await Real.SshAsync(machine, "hostname", file));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Real.SshAsync(machine, "hostname", Real.KeyFile));
    }
}
