using Portal.Compute;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Volumes;

namespace Portal.Tests.Compute;

/// <summary>The engine in memory.</summary>
public sealed class InMemoryBench(InMemoryEngine engine) : EngineBench
{
    public override IComputeEngine Engine => engine;

    public override Applied Promise => engine.Promise;

    public override async Task<InstanceSpec> RunningMachineAsync(EngineSteps steps)
    {
        var machine = await steps.StartAsync(steps.AMachine());
        engine.Used[machine.Id] = new MachineCounters(
            machine.Id,
            TimeSpan.FromSeconds(1),
            machine.Vcpus,
            100,
            200,
            [new DiskCounters("vda", 0, 0, 0, 0)],
            0,
            0
        );
        return machine;
    }

    public override Task UseAsync(InstanceSpec machine)
    {
        engine.Used.AddOrUpdate(machine.Id, _ => Counters(2), (_, _) => Counters(3));
        return Task.CompletedTask;

        MachineCounters Counters(int seconds) =>
            new(
                machine.Id,
                TimeSpan.FromSeconds(seconds),
                machine.Vcpus,
                100,
                200,
                [new DiskCounters("vda", 10 * seconds, 10 * seconds, seconds, seconds)],
                5 * seconds,
                6 * seconds
            );
    }

    public override Task<bool> CanSignInAsync(InstanceSpec machine, string password) =>
        Task.FromResult(
            engine.Passwords.TryGetValue((machine.Volumes[0].Volume.Id, machine.SshUser), out var hash)
                && GuestPassword.Hash(password, hash) == hash
        );

    public override Task<string> KeysAsync(InstanceSpec machine) =>
        Task.FromResult(string.Join('\n', engine.Keys[(machine.Volumes[0].Volume.Id, machine.SshUser)]));

    public override Task<bool> IsRescueAsync(InstanceSpec machine) =>
        Task.FromResult(engine.Machines.Single(one => one.Spec.Id == machine.Id).IsRescue);

    public override Task MarkFromRescueAsync(InstanceSpec machine) => MarkDiskAsync(machine);

    public override Task MarkDiskAsync(InstanceSpec machine) => WriteAsync(machine, machine.Volumes[0].Volume, "marked");

    public override async Task<bool> HasMarkAsync(InstanceSpec machine) => await ReadAsync(machine, machine.Volumes[0].Volume) == "marked";

    public override Task WriteAsync(InstanceSpec? machine, VolumeSpec volume, string content)
    {
        engine.Write(volume.Id, content);
        return Task.CompletedTask;
    }

    public override Task<string> ReadAsync(InstanceSpec? machine, VolumeSpec volume) => Task.FromResult(engine.Read(volume.Id));

    public override Task<int> GuestSizeAsync(InstanceSpec machine, VolumeSpec volume) =>
        Task.FromResult(engine.GuestSizeOf(machine.Id, volume.Id));

    public override async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var attempt = 0; !await condition(); attempt++)
        {
            Assert.True(attempt < 10, "It did not happen.");
        }
    }

    public override Task<Uri> PublishAsync(byte[] content)
    {
        var address = new Uri($"http://images.invalid/{Guid.NewGuid()}");
        engine.Downloads[address] = content;
        return Task.FromResult(address);
    }
}
