using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Buckets;

/// <summary>
/// Full buckets are emptied in the background, and everybody else goes on meanwhile. That a killed worker resumes is tried in
/// KilledAtTheStoreTests.
/// </summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class EmptyingTests(TestPostgres postgres, TestCeph ceph, ABrowser browser) : TestDatabase(postgres)
{
    private const int Objects = 8_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private BucketsAtWork work = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        work = await BucketsAtWork.StartAsync(this, ConnectionString, ceph);
    }

    public override async ValueTask DisposeAsync()
    {
        await work.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Twelve_thousand_objects_go_in_batches_that_the_page_counts_while_another_customer_waits_for_nothing()
    {
        var (ada, bob) = (await work.AddCustomerAsync(), await work.AddCustomerAsync());
        var page = await browser.SignInAsync(work.Server, ada, "/buckets");
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", await work.AddKeyAsync(ada));
        string[] full = [await work.AddBucketAsync(ada), await work.AddBucketAsync(ada), await work.AddBucketAsync(ada)];
        await ManyObjects.PutAsync(s3, full[0], Objects, ct: Ct);
        await ManyObjects.PutAsync(s3, full[1], 2000, ct: Ct);
        await ManyObjects.PutAsync(s3, full[2], 2000, ct: Ct);
        await page.GotoAsync($"/buckets/{full[0]}", new() { Timeout = 60_000 });
        await ABrowser.InteractiveAsync(page);
        await work.DeleteAsync(ada, full);
        await page.EvaluateAsync(
            """
            () => { window.counted = new Set(); new MutationObserver(() => { const said = /([\d,]+) objects? removed/.exec(document.body.innerText); if (said) window.counted.add(said[1]); }).observe(document.body, { childList: true, subtree: true, characterData: true }); }
            """
        );
        await Expect(page.GetByText("removed so far")).ToBeVisibleAsync();

        // All the places that emptying has are taken now.
        var longest = TimeSpan.Zero;
        for (var turn = 0; turn < 3; turn++)
        {
            var watch = Stopwatch.StartNew();
            await work.AddBucketAsync(bob);
            longest = watch.Elapsed > longest ? watch.Elapsed : longest;
        }

        Assert.True(await work.IsThereAsync(full[0]), "The first bucket was empty before the others came: this proves nothing.");
        Assert.True(longest < TimeSpan.FromSeconds(10), $"A new bucket took {longest.TotalSeconds:0.0} s.");
        await Until.TrueAsync(
            async () => !await work.IsThereAsync(full[0]) && !await work.IsThereAsync(full[1]) && !await work.IsThereAsync(full[2]),
            Patience
        );
        var counted = await page.EvaluateAsync<string[]>("() => [...window.counted]");
        Assert.True(counted.Length >= 3, $"The page counted {string.Join(", ", counted)}.");
        Assert.Empty((await ceph.Store.BucketsAsync(Ct)).Select(bucket => bucket.Name).Intersect(full));
        await using var db = CreateDbContext();
        Assert.Equal(Objects, (await db.Buckets.AsNoTracking().SingleAsync(bucket => bucket.Name == full[0], Ct)).Removed);
    }
}
