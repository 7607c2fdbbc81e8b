using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Buckets;

/// <summary>
/// A document may talk only to the stores that were known when it was loaded, and a tab stays open for days: what is named later is reached
/// all the same.
/// </summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class StoreAddressPagesTests(TestPostgres postgres, TestCeph ceph, ABrowser browser) : BucketTests(postgres, ceph)
{
    [Theory]
    [InlineData("/access-keys")]
    [InlineData("/settings")] // without a circuit: the browser merges the next page into this one
    public async Task A_page_that_was_opened_before_the_store_was_named_takes_uploads(string path)
    {
        await MoveStoreAsync("http://127.0.0.1:9");
        var bucket = await Scene.AddBucketAsync();
        var page = await browser.SignInAsync(Server, Scene.Ada, path);
        await MoveStoreAsync(Ceph.Endpoint);
        await page.GetByRole(AriaRole.Link, new() { Name = "Buckets", Exact = true }).First.ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = bucket.Name, Exact = true }).ClickAsync();
        await UploadAsync(page, "notes.txt");
        await Expect(Uploads(page)).ToHaveTextAsync("1 file uploaded");
        Assert.Equal("notes.txt", Assert.Single((await Scene.S3.ListObjectsAsync(bucket.Name, Ct)).S3Objects).Key);
    }

    [Fact]
    public async Task A_bucket_that_is_looked_at_while_the_store_gets_another_address_says_what_to_do()
    {
        var bucket = await Scene.AddBucketAsync();
        var page = await browser.SignInAsync(Server, Scene.Ada, $"/buckets/{bucket.Name}");
        await page.Locator(".objects[data-takes]").WaitForAsync();
        await MoveStoreAsync(Ceph.Endpoint.Replace("127.0.0.1", "s3.localhost", StringComparison.Ordinal));
        await UploadAsync(page, "notes.txt");
        await Expect(page.Locator("#uploads-list li"))
            .ToContainTextAsync("The storage has another address since this page was opened. Reload the page and drop the file again.");
        await Expect(Uploads(page)).ToHaveTextAsync("1 file not uploaded");
        await ABrowser.AssertAccessibleAsync(page, "bucket-other-address");

        await page.ReloadAsync();
        await UploadAsync(page, "notes.txt");
        await Expect(Uploads(page)).ToHaveTextAsync("1 file uploaded");
    }

    private static ILocator Uploads(IPage page) =>
        page.GetByRole(AriaRole.Complementary, new() { Name = "Uploads" }).GetByRole(AriaRole.Heading);

    private static async Task UploadAsync(IPage page, string name)
    {
        using var files = new FilesOnDisk((name, "from the browser"u8.ToArray()));
        await Drop.OnAsync(page, ".objects", files.Paths(name));
        await page.Locator("#uploads-list li:not(.waiting, .running)").WaitForAsync();
    }

    /// <summary>As a worker or an operator does; Portal itself reaches it as before.</summary>
    private async Task MoveStoreAsync(string endpoint)
    {
        await using var db = CreateDbContext();
        await db.ObjectStores.ExecuteUpdateAsync(
            set => set.SetProperty(store => store.Endpoint, endpoint).SetProperty(store => store.InternalEndpoint, Ceph.Endpoint),
            Ct
        );
    }
}
