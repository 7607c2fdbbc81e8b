using Portal.Tests.Volumes;

namespace Portal.Tests.Compute;

/// <summary>The contract, kept by real guests.</summary>
[Collection(EngineTests.Name)]
[Trait("Needs", "engine")]
public sealed class LibvirtEngineTests(TestEngine real) : VolumeEngineContract(new LibvirtBench(real));
