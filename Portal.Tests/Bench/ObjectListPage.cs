using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Buckets;
using Portal.Model.Shared;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>
/// (j) A folder of 100,000 objects: from the click of a person who knows its address until Chromium shows the first rows, beside a folder
/// of 10; then how fast the worker's batches remove them, the last 10,000 beside the first.
/// </summary>
internal static class ObjectListPage
{
    private const int Objects = 100_000;
    private const int Few = 10;
    private const int Visits = 40;

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        await using var ceph = new TestCeph();
        await using var web = await PortalServer.StartAsync(await postgres.CreateDatabaseAsync());
        await using var browser = new ABrowser();
        var scene = await BucketScene.AddAsync(web, ceph, web.Services.GetRequiredService<IDbContextFactory<PortalDb>>());
        var bucket = (await scene.AddBucketAsync()).Name;
        await ManyObjects.PutAsync(scene.S3, bucket, Few, "few/");
        await ManyObjects.PutAsync(scene.S3, bucket, Objects, "many/");
        var page = await browser.SignInAsync(web, scene.Ada, $"/buckets/{bucket}?prefix=few%2F");
        var (many, few) = (new List<double>(), new List<double>());
        for (var visit = 0; visit < Visits + 5; visit++)
        {
            many.Add(await VisitAsync(page, $"/buckets/{bucket}?prefix=many%2F"));
            few.Add(await VisitAsync(page, $"/buckets/{bucket}?prefix=few%2F"));
        }

        var (first, last) = await EmptyAsync(
            ceph.Store,
            scene.Key,
            await ceph.Store.EnsureBucketAsync(scene.StoreUser, scene.Key, bucket, default)
        );
        return
        [
            new Figure(
                "(j) first rows of a folder of 100,000 objects, p95",
                Figure.Percentile(many.Skip(5), 0.95),
                "ms",
                Figure.Percentile(few.Skip(5), 0.95),
                500
            ),
            new Figure("(j) removing its objects: the last 10,000, the first", last, "objects/s", first),
        ];
    }

    private static async Task<double> VisitAsync(IPage page, string path)
    {
        var start = Stopwatch.GetTimestamp();
        await page.GotoAsync(path, new() { WaitUntil = WaitUntilState.Commit });
        await page.WaitForSelectorAsync("tbody td.name a");
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async Task<(double First, double Last)> EmptyAsync(IObjectStore store, StoreKey owner, BucketInStore bucket)
    {
        var batches = new List<(int Removed, double Seconds)>();
        for (var isEmpty = false; !isEmpty; )
        {
            var start = Stopwatch.GetTimestamp();
            var batch = await store.EmptyAsync(owner, bucket, default);
            batches.Add((batch.Removed, Stopwatch.GetElapsedTime(start).TotalSeconds));
            isEmpty = batch.IsEmpty;
        }

        return (Rate(batches.Take(10)), Rate(batches.TakeLast(11)));

        static double Rate(IEnumerable<(int Removed, double Seconds)> some) =>
            some.Sum(batch => batch.Removed) / some.Sum(batch => batch.Seconds);
    }
}
