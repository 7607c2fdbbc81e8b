using System.Diagnostics;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Storage;

namespace Portal.Tests.Storage;

/// <summary>The contract, kept by the real RADOS Gateway.</summary>
[Trait("Needs", "engine")]
public sealed class RgwObjectStoreTests(TestCeph real) : ObjectStoreContract, IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    protected override IObjectStore Store => real.Store;

    public async ValueTask InitializeAsync() => await real.StartAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override Task<bool> PutAsync(StoreKey key, string bucket, string name, int bytes) => IsAllowedAsync(key, async s3 =>
    {
        using var content = new MemoryStream(new byte[bytes]);
        await s3.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = name, InputStream = content }, Ct);
    });

    protected override Task<bool> CanReadAsync(StoreKey key, string bucket, string name) => IsAllowedAsync(key, async s3 =>
    {
        using var read = await s3.GetObjectAsync(bucket, name, Ct);
        await read.ResponseStream.CopyToAsync(Stream.Null, Ct);
    });

    protected override async Task UntilAsync(Func<Task<bool>> condition)
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!await condition())
        {
            Assert.True(watch.Elapsed < Patience, $"It did not happen within {Patience.TotalSeconds:0} s.");
            await timer.WaitForNextTickAsync(Ct);
        }
    }

    private async Task<bool> IsAllowedAsync(StoreKey key, Func<IAmazonS3, Task> ask)
    {
        using var s3 = S3Client.Of(real.Endpoint, real.Access.SigningRegion, key, ownConnections: true);
        try
        {
            await ask(s3);
            return true;
        }
        catch (AmazonS3Exception error) when (error.StatusCode is System.Net.HttpStatusCode.Forbidden)
        {
            return false;
        }
    }
}
