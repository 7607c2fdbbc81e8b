using System.Diagnostics;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Shared;
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

    [Fact]
    public async Task A_policy_that_denies_deleting_in_one_folder_is_rejected_as_well()
    {
        var (user, key) = await AUserAsync();
        var bucket = ABucketName();
        await Store.EnsureBucketAsync(key, bucket, Ct);
        Assert.True(await PutAsync(key, bucket, "free/a", 1));
        Assert.True(await PutAsync(key, bucket, "kept/a", 1));
        await DenyAsync(key, bucket, "s3:DeleteObject", "kept/");
        await FailsAsync(EngineFault.Rejected, () => Store.EmptyAsync(key, bucket, Ct));
        Assert.True(await CanReadAsync(key, bucket, "kept/a"));

        await Store.OverrideDenialAsync(key, bucket, Ct);
        await Store.EmptyAsync(key, bucket, Ct);
        Assert.True(await Store.DeleteBucketAsync(key, bucket, Ct));
        await Store.RemoveUserAsync(user.Id, Ct);
    }

    protected override Task DenyAsync(StoreKey key, string bucket, string action, string prefix) => IsAllowedAsync(key, s3 => s3.PutBucketPolicyAsync(
        new PutBucketPolicyRequest
        {
            BucketName = bucket,
            Policy = $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"{{action}}","Resource":["arn:aws:s3:::{{bucket}}","arn:aws:s3:::{{bucket}}/{{prefix}}*"]}]}""",
        },
        Ct));

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
