using Amazon.S3;
using Amazon.S3.Model;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>A customer's public bucket on Portal's own site, and somebody signed in who opens a page in it.</summary>
[Trait("Needs", "browser")]
[Trait("Needs", "engine")]
public sealed class NeighbourInBucketTests(TestPostgres postgres, TestCeph ceph, ABrowser browser) : BucketTests(postgres, ceph)
{
    [Fact]
    public async Task A_page_in_a_public_bucket_takes_over_no_session()
    {
        // The store takes a name that is none of its own for a bucket's: a customer who calls one “localhost” gets the portal's site on a
        // laptop.
        const string Bucket = "localhost";
        await Scene.S3.PutBucketAsync(Bucket, Ct);
        await Scene.S3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = Bucket,
                Key = "prizes.html",
                ContentBody = "<!DOCTYPE html><title>Free prizes</title>",
                ContentType = "text/html",
                CannedACL = S3CannedACL.PublicRead,
            },
            Ct
        );
        var page = await browser.SignInAsync(Server, await Server.AddPersonAsync());
        await page.GotoAsync($"{Ceph.Endpoint.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}/prizes.html");
        Assert.Equal("Free prizes", await page.TitleAsync());
        Assert.False(await Neighbour.OpensCircuitAsync(page, Server.Address));
    }
}
