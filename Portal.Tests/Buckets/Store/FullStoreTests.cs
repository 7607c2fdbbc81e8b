using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Buckets;
using Portal.Tests.Shared;
using static Microsoft.Playwright.Assertions;

namespace Portal.Tests.Buckets;

/// <summary>The embedded store runs full: one of its own, of two GiB, since it would be full for all other tests.</summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class FullStoreTests(TestPostgres postgres, ABrowser browser) : TestDatabase(postgres)
{
    private const int Piece = 32 << 20;
    private const int HalfFull = 1024 / 32;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly TestCeph ceph = new() { GiB = 2 };
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
        await ceph.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task A_full_store_refuses_uploads_with_a_sentence_reads_and_deletes_go_on_and_what_is_deleted_makes_room()
    {
        var ada = await work.AddCustomerAsync();
        var bucket = await work.AddBucketAsync(ada);
        using var s3 = S3Client.Of(ceph.Endpoint, "us-east-1", await work.AddKeyAsync(ada), TimeSpan.FromMinutes(2), ownConnections: true);
        var pieces = await FillAsync(s3, bucket);
        await FullAsync(true);
        var page = await browser.SignInAsync(work.Server, ada, $"/buckets/{bucket}");
        var notice = page.Locator("main .notice", new() { HasText = "The object store is full, and takes nothing more for now." });
        await Expect(notice).ToBeVisibleAsync();
        await ABrowser.AssertAccessibleAsync(page, "bucket-full-store");
        using var files = new FilesOnDisk(("late.txt", "late"u8.ToArray()));
        await Drop.OnAsync(page, ".objects", files.Paths("late.txt"));
        await Expect(page.Locator("#uploads-list li")).ToContainTextAsync("The object store is full");
        await Until.TrueAsync(async () => await CodeAsync(s3, bucket, "late.txt") is "QuotaExceeded", Patience);

        // What is there is there, and goes when it is told to.
        (await s3.GetObjectAsync(bucket, Key(0), Ct)).Dispose();
        for (var piece = 0; piece < pieces / 2; piece++)
        {
            await s3.DeleteObjectAsync(bucket, Key(piece), Ct);
        }

        await FullAsync(false);
        await Expect(notice).ToHaveCountAsync(0);
        await Until.TrueAsync(async () => await CodeAsync(s3, bucket, "late.txt") is null, Patience);
        (await s3.GetObjectAsync(bucket, Key(pieces - 1), Ct)).Dispose();
    }

    /// <summary>
    /// Until Portal sees that it is full; how many went in. From half full on it is no faster than the patrol, which looks every few
    /// seconds: a tenth of a store of this size is little.
    /// </summary>
    private async Task<int> FillAsync(AmazonS3Client s3, string bucket)
    {
        var content = FilesOnDisk.Random(Piece);
        for (var piece = 0; piece < 2048 / 32; piece++)
        {
            Assert.Null(await CodeAsync(s3, bucket, Key(piece), content));
            if (piece < HalfFull)
            {
                continue;
            }

            await LookedAsync(piece + 1);
            await using var db = CreateDbContext();
            if (await db.ObjectStores.AnyAsync(store => store.FullSince != null, Ct))
            {
                return piece + 1;
            }
        }

        throw new InvalidOperationException("It took more than it has room for.");
    }

    private async Task LookedAsync(int pieces) =>
        await Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                return await db.ObjectStores.AnyAsync(
                    store => store.FullSince != null || store.TotalBytes - store.FreeBytes > pieces * (long)Piece,
                    Ct
                );
            },
            Patience
        );

    private async Task FullAsync(bool isFull) =>
        await Until.TrueAsync(
            async () =>
            {
                await using var db = CreateDbContext();
                return await db.ObjectStores.AnyAsync(store => store.FullSince != null == isFull, Ct)
                    && await db.Incidents.AnyAsync(
                        incident => incident.ResourceId == "s3-local" && incident.Kind == "store-full" && incident.ClosedAt == null,
                        Ct
                    ) == isFull;
            },
            Patience
        );

    private static string Key(int piece) => string.Create(CultureInfo.InvariantCulture, $"{piece:d3}.bin");

    /// <summary>The error with which it was refused; null if it was taken.</summary>
    private static async Task<string?> CodeAsync(AmazonS3Client s3, string bucket, string key, byte[]? content = null)
    {
        try
        {
            using var stream = new MemoryStream(content ?? [1]);
            await s3.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = bucket,
                    Key = key,
                    InputStream = stream,
                },
                Ct
            );
            return null;
        }
        catch (AmazonS3Exception error)
        {
            return error.ErrorCode;
        }
    }
}
