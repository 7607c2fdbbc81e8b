using Amazon.S3;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Model.Buckets;
using Portal.Tests.Compute;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Buckets;

/// <summary>Buckets as a customer has them: the web, the worker and a real Ceph, and the aws CLI beside the browser.</summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class BucketsWholeTests(TestPostgres postgres, TestCeph ceph, ABrowser browser) : TestDatabase(postgres)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private PortalServer server = null!;
    private WorkerServer worker = null!;
    private Person ada = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await ceph.StartAsync();
        server = await PortalServer.StartAsync(ConnectionString);
        ada = await server.AddPersonAsync();
        await using (var db = CreateDbContext())
        {
            db.Add(AnAccount.ACard(ada.AccountId));
            await db.SaveChangesAsync(Ct);
        }

        worker = await WorkerServer.StartAsync(ConnectionString, new InMemoryEngine(), ("ObjectStore:Folder", ceph.Folder));
    }

    public override async ValueTask DisposeAsync()
    {
        await worker.DisposeAsync();
        await server.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task From_the_create_form_over_the_browser_and_the_aws_command_to_nothing_left()
    {
        var name = $"trip-{Guid.NewGuid():N}";
        var page = await browser.SignInAsync(server, ada, "/buckets/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync(name);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create bucket" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The bucket is empty" })).ToBeVisibleAsync();
        using var files = new FilesOnDisk(("notes.txt", "from the browser"u8.ToArray()));
        await Drop.OnAsync(page, ".objects", files.Paths("notes.txt"));
        await Expect(page.GetByRole(AriaRole.Complementary, new() { Name = "Uploads" }).GetByRole(AriaRole.Heading))
            .ToHaveTextAsync("1 file uploaded");

        using var aws = await MakeKeyAsync(page, "laptop");
        Assert.Contains("notes.txt", await aws.RunAsync("s3", "ls", $"s3://{name}/"), StringComparison.Ordinal);
        await aws.RunAsync("s3", "cp", files.Paths("notes.txt")[0], $"s3://{name}/from/aws.txt");
        await page.GotoAsync($"/buckets/{name}");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["from/", "notes.txt"]);

        await RevokeAsync(page, "laptop");
        await aws.FailAsync("s3", "ls", $"s3://{name}/");
        using var revoked = S3Client.Of(ceph.Endpoint, "us-east-1", aws.Key);
        Assert.Equal(
            "InvalidAccessKeyId",
            (await Assert.ThrowsAsync<AmazonS3Exception>(() => revoked.ListObjectsAsync(name, Ct))).ErrorCode
        );

        await page.GotoAsync($"/buckets/{name}");
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete bucket" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Textbox).FillAsync(name);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete everything" }).ClickAsync();
        await Until.TrueAsync(async () => (await BucketAsync(name)).State is BucketState.Deleted, TimeSpan.FromSeconds(60));
        Assert.DoesNotContain(await ceph.Store.BucketsAsync(Ct), bucket => bucket.Name == name);
    }

    private async Task<AwsCommand> MakeKeyAsync(IPage page, string name)
    {
        await page.GotoAsync("/access-keys");
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create your first key" }).ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync(name);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create key" }).ClickAsync();
        await Expect(page.GetByText("It works.")).ToBeVisibleAsync();
        var shown = await page.Locator(".made-key dd").AllInnerTextsAsync();
        return new AwsCommand(ceph.Endpoint, new StoreKey(shown[0].Split('\n')[0].Trim(), shown[1].Split('\n')[0].Trim()));
    }

    private static async Task RevokeAsync(IPage page, string name)
    {
        await page.GotoAsync("/access-keys");
        await ABrowser.InteractiveAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = $"Revoke the key {name}" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Textbox).FillAsync(name);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await Expect(page.Locator("td.state-cell")).ToContainTextAsync("revoked");
    }

    private async Task<Bucket> BucketAsync(string name)
    {
        await using var db = CreateDbContext();
        return await db.Buckets.AsNoTracking().SingleAsync(bucket => bucket.Name == name, Ct);
    }
}
