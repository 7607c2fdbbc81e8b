using Portal.Compute;
using Portal.Model.Shared;

namespace Portal.Tests.Compute;

/// <summary>What the agent inside a guest can be asked for.</summary>
public abstract partial class ComputeEngineContract
{
    [Fact]
    public async Task A_password_is_set_by_its_hash_and_opens_the_console_in_the_place_of_the_one_before()
    {
        var machine = await RunningMachineAsync();
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
        var (first, second) = (GuestPassword.Make(), GuestPassword.Make());
        await Guests.SetPasswordAsync(machine.Id, machine.SshUser, GuestPassword.Hash(first), Ct);
        Assert.True(await CanSignInAsync(machine, first));
        await Guests.SetPasswordAsync(machine.Id, machine.SshUser, GuestPassword.Hash(second), Ct);
        await Guests.SetPasswordAsync(machine.Id, machine.SshUser, GuestPassword.Hash(second), Ct);
        Assert.False(await CanSignInAsync(machine, first));
        Assert.True(await CanSignInAsync(machine, second));
    }

    [Fact]
    public async Task A_key_is_added_once_and_the_former_one_goes()
    {
        var machine = await RunningMachineAsync();
        await UntilAsync(async () => (await Engine.ObserveAsync(machine, Ct)).AgentAnswers);
        await Guests.SetKeyAsync(machine.Id, machine.SshUser, AnAccount.Ed25519, null, Ct);
        await Guests.SetKeyAsync(machine.Id, machine.SshUser, AnAccount.Ed25519, null, Ct);
        Assert.Single((await KeysAsync(machine)).Split('\n'), AnAccount.Ed25519);
        var other = AnAccount.Ed25519.Replace("ada@", "eve@", StringComparison.Ordinal);
        await Guests.SetKeyAsync(machine.Id, machine.SshUser, other, AnAccount.Ed25519, Ct);
        await Guests.SetKeyAsync(machine.Id, machine.SshUser, other, AnAccount.Ed25519, Ct);
        Assert.DoesNotContain(AnAccount.Ed25519, await KeysAsync(machine), StringComparison.Ordinal);
        Assert.Contains(other, await KeysAsync(machine), StringComparison.Ordinal);

        // The same key once more, without a comment, goes on opening the guest.
        var bare = string.Join(' ', other.Split(' ').Take(2));
        await Guests.SetKeyAsync(machine.Id, machine.SshUser, bare, other, Ct);
        Assert.Single((await KeysAsync(machine)).Split('\n'), bare);
    }

    [Fact]
    public async Task The_guest_of_no_machine_is_missing()
    {
        await FailsAsync(EngineFault.Missing, () => Guests.SetPasswordAsync(AMachine().Id, "root", GuestPassword.Hash("x"), Ct));
        await FailsAsync(EngineFault.Missing, () => Guests.SetKeyAsync(AMachine().Id, "root", AnAccount.Ed25519, null, Ct));
    }
}
