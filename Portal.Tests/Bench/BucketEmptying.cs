using System.Diagnostics;
using System.Globalization;
using Portal.Model.Buckets;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>
/// (m) A bucket with hundreds of thousands of objects is emptied by the worker, and another customer makes buckets all the while, beside
/// what they take with nothing else going on. Only by its name, since putting the objects takes most of an hour for a million:
/// <c>BENCH_OBJECTS=1000000 bin/bench emptying</c>.
/// </summary>
internal sealed class BucketEmptying(TestPostgres postgres) : TestDatabase(postgres)
{
    private const int Alone = 20;

    private static readonly int Objects = int.Parse(
        Environment.GetEnvironmentVariable("BENCH_OBJECTS") ?? "300000",
        CultureInfo.InvariantCulture
    );

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        await using var bench = new BucketEmptying(postgres);
        await bench.InitializeAsync();
        return await bench.MeasureAsync();
    }

    private async Task<IReadOnlyList<Figure>> MeasureAsync()
    {
        // an object takes a block of 4 KiB, and its place in the index
        await using var ceph = new TestCeph { GiB = 4 + (Objects / 50_000) };
        await using var work = await BucketsAtWork.StartAsync(this, ConnectionString, ceph);
        var (ada, bob) = (await work.AddCustomerAsync(), await work.AddCustomerAsync());
        var full = await work.AddBucketAsync(ada);
        await work.AddBucketAsync(bob); // his first waits for his user
        using (var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", await work.AddKeyAsync(ada)))
        {
            await ManyObjects.PutAsync(s3, full, Objects);
        }

        var (alone, meanwhile) = (new List<double>(), new List<double>());
        for (var turn = 0; turn < Alone; turn++)
        {
            alone.Add(await MakeAsync(work, bob));
        }

        var start = Stopwatch.GetTimestamp();
        await work.DeleteAsync(ada, full);
        while (await work.IsThereAsync(full))
        {
            meanwhile.Add(await MakeAsync(work, bob));
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var (p95, usual) = (Figure.Percentile(meanwhile, 0.95), Figure.Percentile(alone, 0.95));
        return
        [
            new Figure(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"(m) another's bucket while {Objects:N0} objects go, p95 of {meanwhile.Count}"
                ),
                p95,
                "ms",
                usual,
                2000
            ),
            new Figure("(m) the longest of them", meanwhile.Max(), "ms", alone.Max()),
            new Figure("(m) objects removed meanwhile", Objects / seconds, "objects/s"),
        ];
    }

    /// <summary>Made and deleted again, as an account may have a hundred only; the making is measured.</summary>
    private static async Task<double> MakeAsync(BucketsAtWork work, Person customer)
    {
        var start = Stopwatch.GetTimestamp();
        var made = await work.AddBucketAsync(customer);
        var taken = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await work.DeleteAsync(customer, made);
        return taken;
    }
}
