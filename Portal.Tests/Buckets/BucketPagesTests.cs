using System.Net;
using Amazon.S3;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Buckets;

/// <summary>Buckets as a person uses them, in Chromium, on a real Ceph; the worker's part is played by the test.</summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class BucketPagesTests(TestPostgres postgres, TestCeph ceph, ABrowser browser) : BucketTests(postgres, ceph)
{
    [Fact]
    public async Task Three_files_and_a_folder_are_dropped_and_arrive_whole()
    {
        var bucket = await Scene.AddBucketAsync();
        var page = await browser.SignInAsync(Server, Scene.Ada, $"/buckets/{bucket.Name}");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The bucket is empty" })).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "bucket-empty");

        using var files = new FilesOnDisk(
            ("one.txt", "one"u8.ToArray()),
            ("ü + 100%.txt", "two"u8.ToArray()),
            ("big.bin", FilesOnDisk.Random(20 << 20)),
            ("trip/a.txt", "a"u8.ToArray()),
            ("trip/day 2/b.txt", "b"u8.ToArray())
        );
        await Drop.OnAsync(page, ".objects", files.Paths("one.txt", "ü + 100%.txt", "big.bin", "trip"));
        var panel = page.GetByRole(AriaRole.Complementary, new() { Name = "Uploads" });
        await Expect(panel.GetByRole(AriaRole.Heading)).ToHaveTextAsync("5 files uploaded");
        await ABrowser.AssertAccessibleAsync(page, "bucket-uploaded");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["trip/", "big.bin", "one.txt", "ü + 100%.txt"]);
        foreach (var (key, content) in files.All)
        {
            using var found = await Scene.S3.GetObjectAsync(bucket.Name, key, Ct);
            using var copy = new MemoryStream();
            await found.ResponseStream.CopyToAsync(copy, Ct);
            Assert.True(content.AsSpan().SequenceEqual(copy.ToArray()), $"{key} differs.");
        }

        await page.GetByRole(AriaRole.Link, new() { Name = "Folder trip" }).ClickAsync();
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["day 2/", "a.txt"]);
    }

    [Fact]
    public async Task The_head_counts_at_once_and_a_key_that_no_address_can_hold_says_why_it_is_not_downloaded()
    {
        var bucket = await Scene.AddBucketAsync();
        using (var raw = new RawS3(Ceph.Endpoint, Scene.Key))
        {
            Assert.True((await raw.PutAsync($"/{bucket.Name}//leading.txt", "ten bytes.")).IsDone);
        }

        var page = await OpenAsync($"/buckets/{bucket.Name}");
        var head = page.Locator(".page-head").First;
        await Expect(head).ToContainTextAsync("10 bytes · 1 object");
        using var files = new FilesOnDisk(("one.txt", "five."u8.ToArray()));
        await Drop.OnAsync(page, ".objects", files.Paths("one.txt"));
        await Expect(head).ToContainTextAsync("15 bytes · 2 objects");

        await page.GetByRole(AriaRole.Link, new() { Name = "Folder (no name)" }).ClickAsync();
        var row = page.Locator("tbody tr", new() { HasText = "leading.txt" });
        await Expect(row.Locator("td.do")).ToContainTextAsync("Download is not possible. Its name begins with a slash");
        await Expect(row.GetByRole(AriaRole.Link, new() { Name = "Download" })).ToHaveCountAsync(0);
        await ABrowser.AssertAccessibleAsync(page, "bucket-unreachable-key");
        await row.GetByRole(AriaRole.Link).ClickAsync();
        await Expect(page.GetByText("There is no preview. Its name begins with a slash")).ToBeVisibleAsync();
        foreach (var name in (string[])["Download", "Share a link", "Rename"])
        {
            await Expect(page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }))
                .ToHaveAttributeAsync("aria-disabled", "true");
        }

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Expect(head).ToContainTextAsync("5 bytes · 1 object");

        // What was measured is told with its time.
        await using (var db = CreateDbContext())
        {
            await db
                .Buckets.Where(row => row.Id == bucket.Id)
                .ExecuteUpdateAsync(
                    row =>
                        row.SetProperty(measured => measured.Bytes, 7)
                            .SetProperty(measured => measured.Objects, 3)
                            .SetProperty(measured => measured.MeasuredAt, new DateTimeOffset(2025, 11, 30, 14, 5, 59, TimeSpan.Zero)),
                    Ct
                );
        }

        await page.GotoAsync("/buckets");
        await Expect(page.Locator("main")).ToContainTextAsync("3 of");
        await Expect(page.Locator("main")).ToContainTextAsync("as of 2025-11-30 14:05 UTC");
    }

    [Fact]
    public async Task A_dialog_takes_the_keyboard_keeps_what_is_typed_and_gives_the_keyboard_back()
    {
        var bucket = await Scene.AddBucketAsync();
        var page = await OpenAsync($"/buckets/{bucket.Name}");
        var opener = page.GetByRole(AriaRole.Button, new() { Name = "New folder" });
        await opener.ClickAsync();
        var name = page.GetByRole(AriaRole.Dialog).GetByLabel("Name");
        await Expect(name).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("half a");
        await page.Mouse.ClickAsync(5, 600);
        await page.Mouse.ClickAsync(5, 600);
        await Expect(name).ToHaveValueAsync("half a");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel" }).FocusAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await Expect(opener).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(name).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("Fotos 2026 + Ümläute %");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["Fotos 2026 + Ümläute %/"]);
    }

    [Fact]
    public async Task One_of_two_uploads_is_cancelled_and_the_other_arrives()
    {
        var bucket = await Scene.AddBucketAsync();
        var page = await OpenAsync($"/buckets/{bucket.Name}");
        using var files = new FilesOnDisk(("big.bin", FilesOnDisk.Random(60 << 20)), ("small.txt", "small"u8.ToArray()));

        // Slow enough that there is something to cancel.
        await page.RouteAsync(
            "**/big.bin?**",
            async route =>
            {
                await page.WaitForFunctionAsync("() => window.cancelled === true");
                await route.AbortAsync();
            }
        );
        await Drop.OnAsync(page, ".objects", files.Paths("big.bin", "small.txt"));
        var row = page.Locator("#uploads-list li", new() { HasText = "big.bin" });
        await row.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await page.EvaluateAsync("() => { window.cancelled = true; }");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["small.txt"]);
        await Until.TrueAsync(async () =>
            (await Scene.S3.ListMultipartUploadsAsync(bucket.Name, Ct)).MultipartUploads is not { Count: > 0 }
        );

        // The keyboard is nowhere lost: not with the button that went, nor with the panel.
        var panel = page.GetByRole(AriaRole.Complementary, new() { Name = "Uploads" });
        await Expect(panel).ToBeFocusedAsync();
        await panel.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Main)).ToBeFocusedAsync();
    }

    [Fact]
    public async Task An_upload_goes_on_where_it_was_when_the_gateway_was_killed_and_came_back()
    {
        var bucket = await Scene.AddBucketAsync();
        var page = await OpenAsync($"/buckets/{bucket.Name}");
        using var files = new FilesOnDisk(("big.bin", FilesOnDisk.Random(80 << 20)));
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        page.RequestFinished += (_, request) => _ = request.Method is "PUT" && sent.TrySetResult();
        await Drop.OnAsync(page, ".objects", files.Paths("big.bin"));
        await sent.Task.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        await Ceph.KillGatewayAsync();
        await Ceph.RestartAsync();
        var heading = page.GetByRole(AriaRole.Complementary, new() { Name = "Uploads" }).GetByRole(AriaRole.Heading);
        await Expect(heading).ToHaveTextAsync("1 file uploaded", new() { Timeout = 180_000 });
        using var found = await Scene.S3.GetObjectAsync(bucket.Name, "big.bin", Ct);
        using var copy = new MemoryStream();
        await found.ResponseStream.CopyToAsync(copy, Ct);
        Assert.True(files.All.Single().Value.AsSpan().SequenceEqual(copy.ToArray()), "It arrived otherwise than it went.");
    }

    [Fact]
    public async Task Uploads_that_a_reload_cut_off_are_told_of_and_go_on_or_are_given_up()
    {
        var bucket = await Scene.AddBucketAsync();
        var page = await OpenAsync($"/buckets/{bucket.Name}");
        page.Dialog += (_, leave) => _ = leave.AcceptAsync();
        using var files = new FilesOnDisk(("big.bin", FilesOnDisk.Random(40 << 20)), ("other.bin", FilesOnDisk.Random(20 << 20)));
        await page.RouteAsync(
            url => url.Contains(".bin?", StringComparison.Ordinal) && !url.Contains("partNumber=1&", StringComparison.Ordinal),
            route => route.AbortAsync()
        );
        await Drop.OnAsync(page, ".objects", files.Paths("big.bin", "other.bin"));
        await Until.TrueAsync(async () => await PartsAsync(bucket.Name) is [1, 1], TimeSpan.FromSeconds(60));
        await page.ReloadAsync();
        await ABrowser.InteractiveAsync(page);
        var panel = page.GetByRole(AriaRole.Complementary, new() { Name = "Uploads" });
        await Expect(panel.GetByRole(AriaRole.Heading)).ToHaveTextAsync("2 files cut off");
        await ABrowser.AssertAccessibleAsync(page, "bucket-cut-off");

        var sent = 0;
        await page.UnrouteAllAsync();
        page.RequestFinished += (_, request) => sent += request.Method is "PUT" ? 1 : 0;
        await Drop.OnAsync(page, ".objects", files.Paths("big.bin"));
        await Expect(panel.GetByRole(AriaRole.Heading)).ToHaveTextAsync("1 file uploaded");
        await Expect(panel.GetByText("“other.bin” was cut off.")).ToBeVisibleAsync();
        Assert.Equal(4, sent);
        await panel.GetByRole(AriaRole.Button, new() { Name = "Discard" }).ClickAsync();
        await Expect(panel.GetByText("“other.bin” was cut off.")).ToBeHiddenAsync();
        await Until.TrueAsync(async () => await PartsAsync(bucket.Name) is []);
        await page.ReloadAsync();
        await ABrowser.InteractiveAsync(page);
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["big.bin"]);
        await Expect(panel).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_text_is_previewed_shared_with_a_clean_browser_and_deleted()
    {
        var bucket = await Scene.AddBucketAsync();
        await Scene.S3.PutObjectAsync(
            new Amazon.S3.Model.PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = "notes/ä b+c.txt",
                ContentBody = "for you alone",
                ContentType = "text/plain",
            },
            Ct
        );
        var page = await OpenAsync($"/buckets/{bucket.Name}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Folder notes" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "ä b+c.txt", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Beginning of the text" })).ToHaveTextAsync("for you alone");
        await page.GetByRole(AriaRole.Button, new() { Name = "Share a link" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the link" }).ClickAsync();
        var link = await page.GetByRole(AriaRole.Group, new() { Name = "the link" }).Locator("code").InnerTextAsync();
        var clean = await browser.NewPageAsync(new Uri(Ceph.Endpoint));
        await clean.GotoAsync(link);
        await Expect(clean.Locator("body")).ToHaveTextAsync("for you alone");
        await clean.Context.CloseAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Until.TrueAsync(async () =>
            (await Scene.S3.ListObjectsV2Async(new() { BucketName = bucket.Name }, Ct)).S3Objects is not { Count: > 0 }
        );
    }

    [Fact]
    public async Task Uploads_show_how_far_they_are_wait_go_on_and_are_tried_again()
    {
        var bucket = await Scene.AddBucketAsync();
        var page = await OpenAsync($"/buckets/{bucket.Name}");
        using var files = new FilesOnDisk(("big.bin", FilesOnDisk.Random(20 << 20)), ("refused.txt", "refused"u8.ToArray()));

        // The first part goes through; the others hang. The other file is refused, once.
        await page.RouteAsync(
            url => url.Contains("big.bin?", StringComparison.Ordinal) && !url.Contains("partNumber=1&", StringComparison.Ordinal),
            async route =>
            {
                await page.WaitForFunctionAsync("() => window.goOn === true");
                await route.AbortAsync();
            }
        );
        await page.RouteAsync(
            "**/refused.txt?**",
            route =>
                route.FulfillAsync(
                    new()
                    {
                        Status = 400,
                        Headers = new Dictionary<string, string> { ["Access-Control-Allow-Origin"] = "*" },
                        Body = "<Error><Code>EntityTooLarge</Code></Error>",
                    }
                )
        );
        await Drop.OnAsync(page, ".objects", files.Paths("big.bin", "refused.txt"));
        var panel = page.GetByRole(AriaRole.Complementary, new() { Name = "Uploads" });
        var (big, refused) = (
            page.Locator("#uploads-list li", new() { HasText = "big.bin" }),
            page.Locator("#uploads-list li", new() { HasText = "refused.txt" })
        );
        await Expect(refused).ToContainTextAsync("The storage does not take a file of this size");
        await Expect(big).ToContainTextAsync("40% of 20 MiB");
        await Expect(panel.GetByRole(AriaRole.Progressbar, new() { Name = "All uploads" })).ToHaveJSPropertyAsync("value", 8 << 20);
        await ABrowser.PictureAsync(page, "bucket-uploading");
        await big.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Expect(big).ToContainTextAsync("paused");
        await Expect(panel.GetByRole(AriaRole.Heading)).ToHaveTextAsync("1 file paused");
        await page.EvaluateAsync("() => { window.goOn = true; }");
        await page.UnrouteAllAsync();
        await Expect(page.Locator("tbody td.name a")).ToHaveCountAsync(0);
        await big.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await refused.GetByRole(AriaRole.Button, new() { Name = "Retry" }).ClickAsync();
        await Expect(panel.GetByRole(AriaRole.Heading)).ToHaveTextAsync("2 files uploaded");
        await Expect(page.Locator("tbody td.name a")).ToHaveTextAsync(["big.bin", "refused.txt"]);
    }

    [Fact]
    public async Task A_long_list_is_scrolled_to_its_end_searched_and_some_of_it_deleted()
    {
        var bucket = await Scene.AddBucketAsync();
        await ManyObjects.PutAsync(Scene.S3, bucket.Name, 1_100, ct: Ct);
        var page = await OpenAsync($"/buckets/{bucket.Name}");
        var names = page.Locator("tbody td.name a");
        await Expect(names.First).ToHaveTextAsync("0000000");
        await Until.TrueAsync(async () =>
        {
            await page.EvaluateAsync("() => scrollTo(0, document.documentElement.scrollHeight)");
            return await page.GetByRole(AriaRole.Link, new() { Name = "0001099", Exact = true }).IsVisibleAsync();
        });
        Assert.InRange(await names.CountAsync(), 10, 200);
        await Expect(page.GetByText("1,100 entries")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Searchbox, new() { Name = "Filter by prefix" }).FillAsync("000109");
        await Expect(page.GetByText("10 entries")).ToBeVisibleAsync();
        await Expect(names).ToHaveCountAsync(10);
        foreach (var name in (string[])["0001090", "0001099"])
        {
            await page.GetByLabel($"Select {name}").CheckAsync();
        }

        // The worker is held up: what is deleted says so, also to who loads the page anew meanwhile.
        await Scene.Worker.WaitAsync(Ct);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await page.GetByLabel("Type delete 2 to confirm").FillAsync("delete 2");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(page.Locator("tbody tr", new() { HasText = "Deleting…" })).ToHaveCountAsync(2);
        await page.ReloadAsync();
        await ABrowser.InteractiveAsync(page);
        await Expect(page.GetByRole(AriaRole.Progressbar, new() { Name = "Deleting 2 objects" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Cancel: Deleting 2 objects" })).ToBeVisibleAsync();
        await Expect(page.Locator("tbody tr", new() { HasText = "Deleting…" })).ToHaveCountAsync(2);
        await ABrowser.AssertAccessibleAsync(page, "bucket-deleting");
        Scene.Worker.Release();
        await Expect(names)
            .ToHaveTextAsync(
                Enumerable.Range(1091, 8).Select(number => number.ToString("d7", System.Globalization.CultureInfo.InvariantCulture))
            );
        await Expect(page.Locator(".work")).ToContainTextAsync("2 objects deleted.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Dismiss: Deleting 2 objects" }).ClickAsync();
        await Expect(page.Locator(".work")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_picture_is_shown_and_its_name_copied()
    {
        var bucket = await Scene.AddBucketAsync();
        using var pixel = new MemoryStream(
            Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
        );
        await Scene.S3.PutObjectAsync(
            new Amazon.S3.Model.PutObjectRequest
            {
                BucketName = bucket.Name,
                Key = "ä/pixel.png",
                InputStream = pixel,
                ContentType = "image/png",
            },
            Ct
        );
        var page = await OpenAsync($"/buckets/{bucket.Name}?key=%C3%A4/pixel.png");
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await Expect(page.GetByRole(AriaRole.Img, new() { Name = "pixel.png" })).ToHaveJSPropertyAsync("naturalWidth", 1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy its S3 name" }).ClickAsync();
        await page.WaitForFunctionAsync("async name => await navigator.clipboard.readText() === name", $"s3://{bucket.Name}/ä/pixel.png");
    }

    [Theory]
    [InlineData(1440)]
    [InlineData(390)]
    public async Task Every_page_of_buckets_can_be_read_by_everybody_at_every_width(int width)
    {
        var bucket = await Scene.AddBucketAsync();
        foreach (var key in (string[])["2026/holiday.jpg", "2026/plan.txt", "invoice + 100%.pdf", "notes.txt"])
        {
            await Scene.S3.PutObjectAsync(
                new Amazon.S3.Model.PutObjectRequest
                {
                    BucketName = bucket.Name,
                    Key = key,
                    ContentBody = "What is written here is shown.",
                    ContentType = "text/plain",
                },
                Ct
            );
        }

        var page = await browser.SignInAsync(Server, Scene.Ada, "/buckets", width == 390 ? ABrowser.Phone : ABrowser.Desktop);
        (string Name, string Path)[] all =
        [
            ("list", "/buckets"),
            ("new", "/buckets/new"),
            ("objects", $"/buckets/{bucket.Name}"),
            ("object", $"/buckets/{bucket.Name}?key=notes.txt"),
            ("settings", $"/buckets/{bucket.Name}?tab=settings"),
            ("usage", $"/buckets/{bucket.Name}?tab=usage"),
            ("connect", $"/buckets/{bucket.Name}?tab=connect"),
            ("events", $"/buckets/{bucket.Name}?tab=events"),
            ("keys", "/access-keys"),
        ];
        foreach (var (name, path) in all)
        {
            await page.GotoAsync(path);
            await ABrowser.InteractiveAsync(page);
            await Expect(page.Locator("main .skeleton")).ToHaveCountAsync(0);
            await ABrowser.AssertAccessibleAsync(page, $"bucket-{name}");
        }
    }

    [Theory]
    [InlineData(1440)]
    [InlineData(390)]
    public async Task A_quota_is_a_bar_that_is_empty_half_or_full(int width)
    {
        var page = await browser.SignInAsync(Server, Scene.Ada, "/buckets", width == 390 ? ABrowser.Phone : ABrowser.Desktop);
        foreach (var (gib, words) in ((long, string)[])[(0, "0 bytes of 10 GiB"), (5, "5 GiB of 10 GiB"), (10, "10 GiB of 10 GiB, full")])
        {
            var bucket = await Scene.AddBucketAsync($"quota-{gib}");
            await using (var db = CreateDbContext())
            {
                var row = await db.Buckets.SingleAsync(row => row.Id == bucket.Id, Ct);
                Assert.True(row.SetQuota(10, TimeProvider.System.GetUtcNow()).IsDone);
                row.ObserveQuota(10);
                row.Measure(gib << 30, gib * 1000, TimeProvider.System.GetUtcNow());
                (await db.Accounts.SingleAsync(account => account.Id == Scene.Ada.AccountId, Ct)).BucketGiBLimit = 15;
                await db.SaveChangesAsync(Ct);
            }

            foreach (var tab in (string[])["settings", "usage"])
            {
                await page.GotoAsync($"/buckets/{bucket.Name}?tab={tab}");
                await ABrowser.InteractiveAsync(page);
                await Expect(page.Locator(".meter")).ToHaveTextAsync(words);
                await ABrowser.AssertAccessibleAsync(page, $"bucket-quota-{gib}-{tab}");
            }
        }

        await page.GotoAsync("/buckets");
        await ABrowser.InteractiveAsync(page);
        await Expect(page.Locator(".meter")).ToHaveTextAsync("15 GiB of 15 GiB, full");
        await ABrowser.AssertAccessibleAsync(page, "bucket-quota-account");
    }

    /// <summary>How many parts there are of each upload that is under way.</summary>
    private async Task<List<int>> PartsAsync(string bucket)
    {
        var uploads = (await Scene.S3.ListMultipartUploadsAsync(bucket, Ct)).MultipartUploads ?? [];
        var parts = new List<int>();
        foreach (var upload in uploads)
        {
            try
            {
                parts.Add((await Scene.S3.ListPartsAsync(bucket, upload.Key, upload.UploadId, Ct)).Parts?.Count ?? 0);
            }
            catch (AmazonS3Exception error) when (error.StatusCode is HttpStatusCode.NotFound)
            {
                // It ended meanwhile.
            }
        }

        return parts;
    }

    private Task<IPage> OpenAsync(string path) => browser.SignInAsync(Server, Scene.Ada, path);
}
