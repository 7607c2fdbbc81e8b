using System.Text;
using Portal.Compute;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Tests.Compute;

/// <summary>Real guests' agents, and their logins.</summary>
public sealed partial class LibvirtEngineTests
{
    /// <summary>As a person does: at the login of the text console, which is left as it was found.</summary>
    protected override async Task<bool> CanSignInAsync(InstanceSpec machine, string password)
    {
        await using var console = await Engine.OpenConsoleAsync(machine.Id, ConsoleKind.Text, Ct);
        await TypeAsync(console, "");
        await ReadUntilAsync(console, "login: ");
        await TypeAsync(console, machine.SshUser);
        await ReadUntilAsync(console, "Password: ");
        await TypeAsync(console, password);
        var opened = await ReadUntilAsync(console, ["# ", "incorrect"]) == "# ";
        if (opened)
        {
            await TypeAsync(console, "exit");
            await ReadUntilAsync(console, "login: ");
        }

        return opened;
    }

    protected override Task<string> KeysAsync(InstanceSpec machine) => real.SshAsync(machine, "cat /root/.ssh/authorized_keys");

    [Fact]
    public async Task A_changed_key_opens_the_guest_the_former_one_does_not_and_a_restart_changes_nothing_of_that()
    {
        var machine = AMachine();
        await StartAsync(machine);
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
        var file = real.KeyFile + "-other";
        await TestEngine.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file);
        await Guests.SetKeyAsync(machine.Id, machine.SshUser, (await File.ReadAllTextAsync(file + ".pub", Ct)).Trim(), real.PublicKey, Ct);
        await OnlyOpensAsync(machine, file);

        var again = machine with { Boot = 1 };
        await UntilAsync(async () => await Engine.EnsureMachineAsync(again, Ct) is { Boot: 1 });
        await UntilAsync(async () => (await Engine.ObserveAsync(again, Ct)).SshAnswers);
        await OnlyOpensAsync(machine, file);
        await RemoveAllAsync(machine);
    }

    [Fact]
    public async Task A_user_that_the_guest_does_not_have_is_rejected_and_a_silent_agent_is_unavailable()
    {
        var machine = await RunningMachineAsync();
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
        await FailsAsync(EngineFault.Rejected, () => Guests.SetKeyAsync(machine.Id, "nobody-here", AnAccount.Ed25519, null, Ct));
        await FailsAsync(EngineFault.Rejected, () => Guests.SetPasswordAsync(machine.Id, "nobody-here", GuestPassword.Hash("x"), Ct));
        await real.SshAsync(machine, "kill -STOP $(cat /run/qemu-ga.pid)");
        await FailsAsync(EngineFault.Unavailable, () => Guests.SetPasswordAsync(machine.Id, machine.SshUser, GuestPassword.Hash("x"), Ct));
        await real.SshAsync(machine, "kill -CONT $(cat /run/qemu-ga.pid)");
        await UntilAsync(async () => await FaultOfAsync(() => Guests.SetPasswordAsync(machine.Id, machine.SshUser, GuestPassword.Hash("x"), Ct)) is null);
    }

    private async Task OnlyOpensAsync(InstanceSpec machine, string file)
    {
        Assert.Equal(machine.HostName, await real.SshAsync(machine, "hostname", file));
        await Assert.ThrowsAsync<InvalidOperationException>(() => real.SshAsync(machine, "hostname"));
    }

    private static async Task TypeAsync(Stream console, string line)
    {
        await console.WriteAsync(Encoding.ASCII.GetBytes(line + "\r"), Ct);
        await console.FlushAsync(Ct);
    }
}
