using Portal.Tests.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Faults;
using Portal.Tests.Shared;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace Portal.Tests.Shared;

/// <summary>
/// What takes minutes begins first and the rest fills the time beside it; begun last it would run alone. In xUnit's random order otherwise.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly Type[] Long =
    [
        typeof(EngineTests),
        typeof(SecondEngineTests),
        typeof(KilledWorkerTests),
        typeof(KilledWhileMeteringTests),
        typeof(KilledAtTheStoreTests),
        typeof(FullStoreTests),
        typeof(EmptyingTests),
        typeof(S3ClientTests),
        typeof(StoreInTroubleTests),
        typeof(BucketPagesTests),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. DefaultTestCollectionOrderer.Instance.OrderTestCollections(testCollections).OrderBy(Rank)];

    private static int Rank<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        var name = collection.TestCollectionDisplayName;
        var rank = Array.FindIndex(
            Long,
            type =>
                name.Equals(EngineTests.Name, StringComparison.Ordinal)
                    ? type == typeof(EngineTests)
                    : name.Contains(type.FullName!, StringComparison.Ordinal)
        );
        return rank < 0 ? Long.Length : rank;
    }
}
