using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Portal.Tests.Volumes;

namespace Portal.Tests.Compute;

public class InMemoryEngineTests : VolumeEngineContract
{
    private readonly InMemoryEngine engine;

    public InMemoryEngineTests()
        : this(new InMemoryEngine { ObservationsUntilSsh = 2 }) { }

    protected InMemoryEngineTests(InMemoryEngine engine)
        : base(new InMemoryBench(engine)) => this.engine = engine;

    [Fact]
    public async Task A_call_that_fails_after_its_effect_has_had_it()
    {
        engine.FailOnce(nameof(IVolumeEngine.EnsureVolumeAsync), FaultPoint.After);
        var volume = AVolume();
        await FailsAsync(EngineFault.Unavailable, () => Volumes.EnsureVolumeAsync(volume, Ct));
        Assert.Equal([volume.Id], engine.Volumes);
        await Volumes.EnsureVolumeAsync(volume, Ct);
        Assert.Equal(2, engine.Calls[nameof(IVolumeEngine.EnsureVolumeAsync)]);
    }

    [Fact]
    public async Task An_engine_that_is_away_does_nothing()
    {
        engine.Away = "The host is being repaired.";
        await FailsAsync(EngineFault.Unavailable, () => Volumes.EnsureVolumeAsync(AVolume(), Ct));
        Assert.Empty(engine.Volumes);
    }
}

/// <summary>The same of one that takes its time with everything, and does not tell when a network's members are under its rules.</summary>
public sealed class SlowInMemoryEngineTests : InMemoryEngineTests
{
    public SlowInMemoryEngineTests()
        : base(
            new InMemoryEngine
            {
                ObservationsUntilSsh = 2,
                ObservationsUntilReady = 2,
                Promise = Applied.Accepted,
            }
        ) { }
}
