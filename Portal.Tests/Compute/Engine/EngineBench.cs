using Portal.Model.Compute;
using Portal.Model.Networking;
using Portal.Model.Volumes;

namespace Portal.Tests.Compute;

/// <summary>An engine to be tried, and what only its driver can tell or do for <see cref="EngineSteps"/>: one for each driver.</summary>
public abstract class EngineBench
{
    public abstract IComputeEngine Engine { get; }

    /// <summary>What "applied" means to this driver.</summary>
    public virtual Applied Promise => Applied.Enforced;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What this driver's machines have besides.</summary>
    public virtual InstanceSpec Fit(InstanceSpec machine) => machine;

    /// <inheritdoc cref="EngineSteps.RunningMachineAsync"/>
    public abstract Task<InstanceSpec> RunningMachineAsync(EngineSteps steps);

    /// <summary>Waits until <paramref name="condition"/> holds; fails when it does not within the driver's patience.</summary>
    public abstract Task UntilAsync(Func<Task<bool>> condition);

    /// <summary>Makes <paramref name="content"/> something that can be fetched.</summary>
    public abstract Task<Uri> PublishAsync(byte[] content);

    public virtual Task<byte[]> AnImageAsync() => Task.FromResult("an image"u8.ToArray());

    /// <summary>Leaves something on the running machine's root disk.</summary>
    public abstract Task MarkDiskAsync(InstanceSpec machine);

    public abstract Task<bool> HasMarkAsync(InstanceSpec machine);

    /// <summary>Makes the machine use its processor, its disk and its network a little.</summary>
    public abstract Task UseAsync(InstanceSpec machine);

    /// <summary>Waits until the guest has the interface's address.</summary>
    public virtual Task SeesInterfaceAsync(InstanceSpec machine, InterfaceSpec networkInterface) => Task.CompletedTask;

    /// <summary>Whether the password opens the guest's text console.</summary>
    public abstract Task<bool> CanSignInAsync(InstanceSpec machine, string password);

    /// <summary>The keys that open the guest, one OpenSSH line for each.</summary>
    public abstract Task<string> KeysAsync(InstanceSpec machine);

    /// <summary>Whether what runs is the rescue system.</summary>
    public abstract Task<bool> IsRescueAsync(InstanceSpec machine);

    /// <summary>Whether what its user data does at the first boot is done and on the disk.</summary>
    public virtual Task<bool> HasRunUserDataAsync(InstanceSpec machine) => Task.FromResult(true);

    /// <summary>From within the rescue system, leaves on the root disk what <see cref="MarkDiskAsync"/> would.</summary>
    public abstract Task MarkFromRescueAsync(InstanceSpec machine);

    /// <summary>
    /// What a driver has to show besides, after the first rescue of a machine, after a restart in it, and (0) when it is back.
    /// </summary>
    public virtual Task SeenInRescueAsync(InstanceSpec machine, int rescue) => Task.CompletedTask;

    /// <summary>Writes to the volume and syncs it: from within the guest that has it, or, without a guest, from the host.</summary>
    public abstract Task WriteAsync(InstanceSpec? machine, VolumeSpec volume, string content);

    public abstract Task<string> ReadAsync(InstanceSpec? machine, VolumeSpec volume);

    /// <summary>In whole GiB, as the guest finds it under its id; 0 if it does not.</summary>
    public abstract Task<int> GuestSizeAsync(InstanceSpec machine, VolumeSpec volume);
}
