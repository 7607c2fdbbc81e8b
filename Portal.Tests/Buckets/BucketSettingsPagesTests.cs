using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Buckets;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Buckets;

/// <summary>A bucket's settings as a person changes them: filled in, in Chromium, and found in the real store afterwards.</summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class BucketSettingsPagesTests(TestPostgres postgres, TestCeph ceph, ABrowser browser) : BucketTests(postgres, ceph)
{
    private Bucket bucket = null!;
    private IPage page = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        bucket = await Scene.AddBucketAsync();
    }

    [Fact]
    public async Task Everybody_is_let_in_after_a_warning_and_sees_the_website()
    {
        await Scene.S3.PutObjectAsync(
            new Amazon.S3.Model.PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = "index.html",
                ContentBody = "<h1>Hello</h1>",
                ContentType = "text/html",
            },
            Ct
        );
        await OpenAsync();
        var (open, site, dialog) = (Setting("Public read"), Setting("Static website"), page.GetByRole(AriaRole.Dialog));
        await Press(site, "Turn it on").ClickAsync();
        await Expect(site).ToContainTextAsync("The bucket is private: visitors will be refused.");
        await Press(open, "Make public").ClickAsync();
        await Expect(dialog).ToContainTextAsync("Everybody on the internet will be able to read every object in it");
        await Expect(Press(dialog, "Make public")).ToHaveAttributeAsync("aria-disabled", "true");
        await dialog.GetByLabel($"Type {bucket.Name} to confirm").FillAsync(bucket.Name);
        await Press(dialog, "Make public").ClickAsync();
        await Expect(open).ToContainTextAsync("Everybody on the internet can read every object in this bucket");
        await Expect(site).Not.ToContainTextAsync("The bucket is private");

        var visitor = await browser.NewPageAsync(new Uri(Ceph.Endpoint));
        foreach (
            var address in (string[])
                [await AddressAsync(site, "the website's address"), await AddressAsync(open, "the public address") + "index.html"]
        )
        {
            await visitor.GotoAsync(address);
            await Expect(visitor.GetByRole(AriaRole.Heading, new() { Name = "Hello" })).ToBeVisibleAsync();
        }

        await Press(open, "Make private").ClickAsync();
        await Expect(open).ToContainTextAsync("Private: objects open only with your access keys");
        await visitor.ReloadAsync();
        await Expect(visitor.GetByRole(AriaRole.Heading, new() { Name = "Hello" })).ToHaveCountAsync(0);
        await visitor.Context.CloseAsync();
    }

    [Fact]
    public async Task Rules_and_a_policy_are_written_and_what_another_tool_wrote_is_seen()
    {
        await OpenAsync();
        var (cors, lifecycle, policy) = (Setting("CORS"), Setting("Lifecycle"), Setting("Policy"));
        await Press(cors, "Add a rule").ClickAsync();
        await cors.GetByLabel("Origins").FillAsync("https://example.com/path");
        await Expect(cors).ToContainTextAsync("“https://example.com/path” is not an origin");
        await Expect(Press(cors, "Save the rules")).ToHaveAttributeAsync("aria-disabled", "true");
        await cors.GetByLabel("Origins").FillAsync("https://example.com");
        await cors.GetByLabel("PUT").CheckAsync();
        await Press(cors, "Save the rules").ClickAsync();
        await Expect(cors).ToContainTextAsync("Saved.");
        var rule = Assert.Single((await Scene.S3.GetCORSConfigurationAsync(bucket.Name, Ct)).Configuration.Rules);
        Assert.Equal(
            "https://example.com; GET PUT; *",
            string.Join(
                "; ",
                string.Join(' ', rule.AllowedOrigins),
                string.Join(' ', rule.AllowedMethods.Order(StringComparer.Ordinal)),
                string.Join(' ', rule.AllowedHeaders)
            )
        );

        await Press(lifecycle, "Abort unfinished uploads after a week").ClickAsync();
        await Press(lifecycle, "Add a rule").ClickAsync();
        await lifecycle.GetByLabel("For names that begin with").Nth(1).FillAsync("tmp/");
        await Expect(lifecycle).ToContainTextAsync("A rule does at least one thing");
        await lifecycle.GetByLabel("Delete objects after days").Nth(1).FillAsync("3");
        await Press(lifecycle, "Save the rules").ClickAsync();
        await Expect(lifecycle).ToContainTextAsync("Saved.");
        var rules = (await ReadAsync()).Lifecycle.Value!.Select(LifecycleDraft.Of).OrderBy(draft => draft.Prefix, StringComparer.Ordinal);
        Assert.Equal([("", "", "7"), ("tmp/", "3", "")], rules.Select(draft => (draft.Prefix, draft.Expire, draft.Abort)));

        await policy.GetByLabel("Policy").FillAsync("{");
        await Expect(Press(policy, "Save the policy")).ToHaveAttributeAsync("aria-disabled", "true");
        await Press(policy, "One folder is public").ClickAsync();
        await Press(policy, "Save the policy").ClickAsync();
        await Expect(policy).ToContainTextAsync("Saved.");
        Assert.Contains("PublicFolder", (await Scene.S3.GetBucketPolicyAsync(bucket.Name, Ct)).Policy, StringComparison.Ordinal);

        await Scene.S3.PutCORSConfigurationAsync(
            bucket.Name,
            new() { Rules = [new() { AllowedOrigins = ["https://other.example"], AllowedMethods = ["GET"] }] },
            Ct
        );
        await Scene.S3.DeleteBucketPolicyAsync(bucket.Name, Ct);
        using (var raw = new RawS3(Ceph.Endpoint, Scene.Key))
        {
            const string Rule =
                "<ID>theirs</ID><Filter><And><Prefix>logs/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter><Status>Enabled</Status><Expiration><Days>3</Days></Expiration>";
            Assert.True(
                (
                    await raw.PutAsync(
                        $"/{bucket.Name}?lifecycle=",
                        $"<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>{Rule}</Rule></LifecycleConfiguration>"
                    )
                ).IsDone
            );
        }

        await page.ReloadAsync();
        await ABrowser.InteractiveAsync(page);
        await Expect(lifecycle)
            .ToContainTextAsync("theirs — made with another tool, and does more than this form knows. It stays as it is");
        await Expect(lifecycle).ToContainTextAsync("<Key>k</Key>");
        await ABrowser.AssertAccessibleAsync(page, "bucket-foreign-settings");
        await Expect(cors.GetByLabel("Origins")).ToHaveValueAsync("https://other.example");
        await Expect(policy.GetByLabel("Policy")).ToHaveValueAsync("");
        await using var db = CreateDbContext();
        Assert.Equal(
            ["PutBucketCors", "PutBucketLifecycle", "PutBucketPolicy"],
            await db
                .AuditEntries.Where(entry => entry.ResourceId == bucket.Id)
                .OrderBy(entry => entry.Id)
                .Select(entry => entry.Action)
                .ToListAsync(Ct)
        );
    }

    [Fact]
    public async Task Its_use_is_drawn_from_the_rows_of_the_bill()
    {
        var now = TimeProvider.System.GetUtcNow();
        var hour = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero).AddHours(-2);
        await using (var db = CreateDbContext())
        {
            UsageSpan Span(string sku, decimal quantity, DateTimeOffset from, DateTimeOffset? to) =>
                new()
                {
                    AccountId = bucket.AccountId,
                    ResourceId = bucket.Id,
                    ResourceName = bucket.Name,
                    Sku = sku,
                    Quantity = quantity,
                    From = from,
                    To = to,
                };
            db.AddRange(
                Span(Skus.BucketStorage, 2, hour, hour.AddHours(1)),
                Span(Skus.BucketStorage, 3.5m, hour.AddHours(1), null),
                Span(Skus.BucketOut, 0.25m, hour, hour.AddHours(1)),
                Span(Skus.BucketWrites, 0.012m, hour, hour.AddHours(1)),
                Span(Skus.BucketReads, 0.030m, hour, hour.AddHours(1))
            );
            await db.SaveChangesAsync(Ct);
            var slices = await BucketHistory.LoadAsync(db, bucket.AccountId, bucket.Id, 1, now, Ct);
            Assert.Equal(
                [(2m, 0.25m, 42m), (3.5m, 0m, 0m), (3.5m, 0m, 0m)],
                slices.TakeLast(3).Select(slice => (slice.Stored!.Value, slice.Out, slice.Requests))
            );
            Assert.All(slices.SkipLast(3), slice => Assert.Equal((0m, 0m), (slice.Stored!.Value, slice.Out)));
        }

        page = await browser.SignInAsync(Server, Scene.Ada, $"/buckets/{bucket.Name}?tab=usage&days=1");
        await Expect(page.GetByRole(AriaRole.Img, new() { Name = "Stored: at most 3.5 GiB" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Img, new() { Name = "Out: at most 256 MiB" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Img, new() { Name = "Requests: at most 42" })).ToBeVisibleAsync();
    }

    private async Task<BucketSettings> ReadAsync()
    {
        using var open = await Scene.OpenAsync(bucket);
        return await BucketSettings.ReadAsync(open, Ct);
    }

    private static ILocator Press(ILocator part, string name) => part.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private static Task<string> AddressAsync(ILocator part, string label) =>
        part.GetByRole(AriaRole.Group, new() { Name = label }).Locator("code").InnerTextAsync();

    private async Task OpenAsync() => page = await browser.SignInAsync(Server, Scene.Ada, $"/buckets/{bucket.Name}?tab=settings");

    private ILocator Setting(string heading) =>
        page.Locator(".setting", new() { Has = page.GetByRole(AriaRole.Heading, new() { Name = heading, Exact = true }) });
}
