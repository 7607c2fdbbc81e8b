using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Portal.Model.Shared;
using Portal.Tests.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary>
/// (i) A file of 64 MB dropped on a bucket's page in Chromium, until the page says that it is there; beside <c>aws s3 cp</c> of the same
/// file, turn by turn.
/// </summary>
internal static class BucketUpload
{
    private const int Rounds = 7;

    /// <summary>Runs in the page: how long until its list of uploads says so, in milliseconds.</summary>
    private const string UntilUploaded = """
        () => new Promise(done => {
          const begin = performance.now();
          const look = () => document.querySelector('.uploads h2')?.textContent === '1 file uploaded' ? done(performance.now() - begin) : requestAnimationFrame(look);
          look();
        })
        """;

    public static async Task<IReadOnlyList<Figure>> RunAsync(TestPostgres postgres)
    {
        await using var ceph = new TestCeph();
        await using var web = await PortalServer.StartAsync(await postgres.CreateDatabaseAsync());
        await using var browser = new ABrowser();
        var scene = await BucketScene.AddAsync(web, ceph, web.Services.GetRequiredService<IDbContextFactory<PortalDb>>());
        var bucket = (await scene.AddBucketAsync()).Name;
        using var aws = new AwsCommand(ceph.Endpoint, scene.Key);
        using var files = new FilesOnDisk([
            .. Enumerable.Range(0, Rounds + 1).Select(round => (Name(round), FilesOnDisk.Random((64 << 20) + round))),
        ]);
        var page = await browser.SignInAsync(web, scene.Ada, $"/buckets/{bucket}");
        var (byPage, byAws) = (new List<double>(), new List<double>());
        for (var round = 0; round <= Rounds; round++)
        {
            var path = files.Paths(Name(round))[0];
            byPage.Add(await ByPageAsync(page, path));
            byAws.Add(await ByAwsAsync(aws, path, $"s3://{bucket}/aws/{Name(round)}"));
        }

        // The first ones warm the browser, the server and the store up.
        var baseline = Figure.Median(byAws.Skip(1));
        var ratio = Figure.Median(byPage.Zip(byAws, (page, command) => page / command).Skip(1));
        return
        [
            new Figure("(i) 64 MB dropped on a bucket's page, median of pairs", ratio * baseline, "ms", baseline, 1.3, BarIsRatio: true),
        ];
    }

    private static string Name(int round) => string.Create(CultureInfo.InvariantCulture, $"{round}.bin");

    private static async Task<double> ByPageAsync(IPage page, string path)
    {
        var uploaded = page.EvaluateAsync<double>(UntilUploaded);
        await Drop.OnAsync(page, ".objects", [path]);
        var time = await uploaded;
        await page.GetByRole(AriaRole.Complementary, new() { Name = "Uploads" })
            .GetByRole(AriaRole.Button, new() { Name = "Close" })
            .ClickAsync();
        return time;
    }

    private static async Task<double> ByAwsAsync(AwsCommand aws, string path, string target)
    {
        var start = Stopwatch.GetTimestamp();
        await aws.RunAsync("s3", "cp", "--quiet", path, target);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
