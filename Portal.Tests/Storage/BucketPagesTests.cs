using Microsoft.Playwright;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Storage;

/// <summary>Buckets as a person uses them, in Chromium, on a real Ceph; the worker's part is played by the test.</summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class BucketPagesTests(TestPostgres postgres, TestCeph ceph, ABrowser browser) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private PortalServer server = null!;
    private BucketScene scene = null!;

    public override async ValueTask InitializeAsync()
    {
        SetDefaultExpectTimeout(20_000);
        await base.InitializeAsync();
        server = await PortalServer.StartAsync(ConnectionString);
        scene = await BucketScene.AddAsync(server, ceph, this);
    }

    public override async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Three_files_and_a_folder_are_dropped_and_arrive_whole()
    {
        var bucket = await scene.AddBucketAsync();
        var page = await browser.SignInAsync(server, scene.Ada, $"/buckets/{bucket.Name}");
        await ABrowser.InteractiveAsync(page);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The bucket is empty" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "bucket-empty");

        using var files = new FilesOnDisk(("one.txt", "one"u8.ToArray()), ("ü + 100%.txt", "two"u8.ToArray()), ("big.bin", FilesOnDisk.Random(20 << 20)), ("trip/a.txt", "a"u8.ToArray()), ("trip/day 2/b.txt", "b"u8.ToArray()));
        await Drop.OnAsync(page, ".objects", files.Paths("one.txt", "ü + 100%.txt", "big.bin", "trip"));
        var panel = page.GetByRole(AriaRole.Complementary, new() { Name = "Uploads" });
        await Expect(panel.GetByRole(AriaRole.Heading)).ToHaveTextAsync("5 files uploaded");
        await ABrowser.AssertAccessibleAsync(page, "bucket-uploaded");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["trip/", "big.bin", "one.txt", "ü + 100%.txt"]);
        foreach (var (key, content) in files.All)
        {
            using var found = await scene.S3.GetObjectAsync(bucket.Name, key, Ct);
            using var copy = new MemoryStream();
            await found.ResponseStream.CopyToAsync(copy, Ct);
            Assert.True(content.AsSpan().SequenceEqual(copy.ToArray()), $"{key} differs.");
        }

        await page.GetByRole(AriaRole.Link, new() { Name = "Folder trip" }).ClickAsync();
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["day 2/", "a.txt"]);
    }
}
