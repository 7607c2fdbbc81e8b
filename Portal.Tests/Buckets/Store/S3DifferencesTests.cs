using System.Net;
using System.Text.RegularExpressions;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>
/// What customers are told of the embedded store is tried on it: a line without a proof fails, and so does one that is true no more.
/// </summary>
[Trait("Needs", "engine")]
[Trait("Needs", "database")]
public sealed partial class S3DifferencesTests(TestPostgres postgres, TestCeph ceph) : BucketTests(postgres, ceph)
{
    private const string Anything = "*",
        Etag = "\"5d41402abc4b2a76b9719d911017c592\"",
        Body = "hello",
        Amazons = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

    private RawS3 raw = null!;
    private string name = "";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        (raw, name) = (new RawS3(Ceph.Endpoint, Scene.Key), (await Scene.AddBucketAsync()).Name);
    }

    public override async ValueTask DisposeAsync()
    {
        raw.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Each_difference_that_customers_are_told_of_is_there()
    {
        var proofs = new Dictionary<string, Func<Task<bool>>>(StringComparer.Ordinal)
        {
            ["checksum-trailers"] = AreTrailersRefusedAsync,
            ["checksums"] = async () =>
                await PutAsync("sum", ("x-amz-checksum-sha256", RawS3.Digest("something else")))
                && !(await raw.HeadAsync($"/{name}/sum", ("x-amz-checksum-mode", "ENABLED"))).Headers.Keys.Any(header =>
                    header.StartsWith("x-amz-checksum", StringComparison.OrdinalIgnoreCase)
                ),
            ["if-match"] = async () =>
                await PutAsync("match")
                && !await PutAsync("match", ("If-Match", Etag))
                && await PutAsync("match", ("If-Match", Etag.Trim('"'))),
            ["conditional-completion"] = async () =>
                await PutAsync("parts")
                && !await PutAsync("parts", ("If-None-Match", Anything))
                && (await CompleteAsync("parts", ("If-None-Match", Anything))).IsDone,
            ["conditional-copy"] = async () =>
                await PutAsync("from")
                && await PutAsync("to")
                && (await raw.PutAsync($"/{name}/to", "", ("x-amz-copy-source", $"/{name}/from"), ("If-None-Match", Anything))).IsDone,
            ["conditional-delete"] = async () =>
                await PutAsync("gone")
                && (await raw.DeleteAsync($"/{name}/gone", ("If-Match", "\"00000000000000000000000000000000\""))).IsDone
                && (await raw.HeadAsync($"/{name}/gone")).Status is HttpStatusCode.NotFound,
            ["object-attributes"] = async () =>
                await PutAsync("attributes")
                && (await raw.GetAsync($"/{name}/attributes?attributes=", ("x-amz-object-attributes", "ObjectSize"))).Body is Body,
            ["lifecycle-sizes"] = () =>
                IsForgottenAsync(
                    "ObjectSizeGreaterThan",
                    "<Filter><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></Filter><Status>Enabled</Status><Expiration><Days>3</Days></Expiration>"
                ),
            ["lifecycle-newer"] = () =>
                IsForgottenAsync(
                    "NewerNoncurrentVersions",
                    "<Filter><Prefix/></Filter><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>4</NewerNoncurrentVersions></NoncurrentVersionExpiration>"
                ),
            ["lifecycle-classes"] = async () =>
                !await PutAsync("cold", ("x-amz-storage-class", "STANDARD_IA"))
                && (
                    await LifecycleAsync(
                        "<Filter><Prefix/></Filter><Status>Enabled</Status><Transition><Days>3</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"
                    )
                ).IsDone,
            ["encryption"] = async () =>
                !await PutAsync("sealed", ("x-amz-server-side-encryption", "AES256"))
                && !(
                    await raw.PutAsync(
                        $"/{name}?encryption=",
                        $"<ServerSideEncryptionConfiguration {Amazons}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
                    )
                ).IsDone,
            ["delete-of-unknown"] = async () => await IsGoneAfterAsync("encryption") && await IsGoneAfterAsync("ownershipControls"),
            ["acl-reads"] = async () =>
                await PutAsync("listed")
                && (await raw.PutAsync($"/{name}?acl=", "", ("x-amz-acl", "public-read"))).IsDone
                && await IsPublicAsync("listed")
                && (await raw.PutAsync($"/{name}?acl=", "", ("x-amz-acl", "private"))).IsDone
                && !await IsPublicAsync("listed")
                && !(
                    await raw.PutAsync(
                        $"/{name}?ownershipControls=",
                        $"<OwnershipControls {Amazons}><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>"
                    )
                ).IsDone,
            ["restrict-public"] = IsRestrictingInVainAsync,
            ["denied-owner"] = async () =>
                await PolicyAsync("Deny", "s3:GetObject")
                && await PutAsync("denied")
                && (await raw.GetAsync($"/{name}/denied")).Status is HttpStatusCode.Forbidden
                && (await raw.DeleteAsync($"/{name}?policy=")).IsDone,
            ["not-there"] = AreNotThereAsync,
        };
        Assert.Equal(
            S3Differences.All.Select(difference => difference.Id).Order(StringComparer.Ordinal),
            proofs.Keys.Order(StringComparer.Ordinal)
        );
        foreach (var (id, isTrue) in proofs)
        {
            Assert.True(await isTrue(), $"{id} is not, or not any more, as customers are told.");
        }
    }

    private async Task<bool> PutAsync(string key, params (string, string)[] headers) =>
        (await raw.PutAsync($"/{name}/{key}", Body, headers)).IsDone;

    /// <summary>As Amazon's SDK does it unless it is told not to.</summary>
    private async Task<bool> AreTrailersRefusedAsync()
    {
        using var s3 = new AmazonS3Client(
            new BasicAWSCredentials(Scene.Key.AccessKeyId, Scene.Key.Secret),
            new AmazonS3Config
            {
                ServiceURL = Ceph.Endpoint,
                AuthenticationRegion = "us-east-1",
                ForcePathStyle = true,
                UseHttp = true,
                MaxErrorRetry = 0,
            }
        );
        try
        {
            using var stream = new MemoryStream("hello"u8.ToArray());
            await s3.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = name,
                    Key = "trailer",
                    InputStream = stream,
                },
                Ct
            );
            return false;
        }
        catch (AmazonS3Exception)
        {
            return true;
        }
    }

    private async Task<RawAnswer> CompleteAsync(string key, params (string, string)[] headers)
    {
        var id = UploadId().Match((await raw.PostAsync($"/{name}/{key}?uploads=")).Body).Groups["id"].Value;
        var etag = (await raw.PutAsync($"/{name}/{key}?partNumber=1&uploadId={id}", Body)).Headers["ETag"];
        return await raw.PostAsync(
            $"/{name}/{key}?uploadId={id}",
            $"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>",
            headers
        );
    }

    private Task<RawAnswer> LifecycleAsync(string rule) =>
        raw.PutAsync($"/{name}?lifecycle=", $"<LifecycleConfiguration {Amazons}><Rule><ID>a</ID>{rule}</Rule></LifecycleConfiguration>");

    private async Task<bool> IsForgottenAsync(string part, string rule) =>
        (await LifecycleAsync(rule)).IsDone
        && (await raw.GetAsync($"/{name}?lifecycle=")) is { IsDone: true } kept
        && !kept.Body.Contains(part, StringComparison.Ordinal);

    private async Task<bool> IsGoneAfterAsync(string setting)
    {
        var other = (await Scene.AddBucketAsync()).Name;
        return (await raw.DeleteAsync($"/{other}?{setting}=")).IsDone
            && (await raw.HeadAsync($"/{other}")).Status is HttpStatusCode.NotFound;
    }

    private async Task<bool> IsPublicAsync(string key)
    {
        using var http = new HttpClient();
        return (await http.GetAsync(new Uri($"{Ceph.Endpoint}/{name}/{key}"), Ct)).IsSuccessStatusCode;
    }

    private async Task<bool> PolicyAsync(string effect, string action) =>
        (
            await raw.PutAsync(
                $"/{name}?policy=",
                $$"""{"Version":"2012-10-17","Statement":[{"Effect":"{{effect}}","Principal":"*","Action":"{{action}}","Resource":"arn:aws:s3:::{{name}}/*"}]}"""
            )
        ).IsDone;

    /// <summary>The three others work, and are taken back.</summary>
    private async Task<bool> IsRestrictingInVainAsync()
    {
        Task<RawAnswer> BlockAsync(string what) =>
            raw.PutAsync(
                $"/{name}?publicAccessBlock=",
                $"<PublicAccessBlockConfiguration {Amazons}><{what}>true</{what}></PublicAccessBlockConfiguration>"
            );
        var inVain =
            await PutAsync("open")
            && await PolicyAsync("Allow", "s3:GetObject")
            && (await BlockAsync("RestrictPublicBuckets")).IsDone
            && await IsPublicAsync("open");
        var others =
            (await BlockAsync("BlockPublicPolicy")).IsDone
            && !await PolicyAsync("Allow", "s3:GetObject")
            && (await BlockAsync("BlockPublicAcls")).IsDone
            && !(await raw.PutAsync($"/{name}?acl=", "", ("x-amz-acl", "public-read"))).IsDone;
        return inVain
            && others
            && (await raw.DeleteAsync($"/{name}?publicAccessBlock=")).IsDone
            && (await raw.DeleteAsync($"/{name}?policy=")).IsDone;
    }

    /// <summary>What the store does not know is asked as if it were not there: a list of the bucket comes.</summary>
    private async Task<bool> AreNotThereAsync()
    {
        foreach (var setting in (string[])["accelerate=", "id=a&inventory=", "analytics=&id=a", "notification="])
        {
            if (!(await raw.GetAsync($"/{name}?{setting}")).Body.Contains("<ListBucketResult", StringComparison.Ordinal))
            {
                return false;
            }
        }

        return (await raw.PutAsync($"/{name}?logging=", $"<BucketLoggingStatus {Amazons}/>")).Status is HttpStatusCode.MethodNotAllowed
            && (await raw.PutAsync($"/{name}?replication=", $"<ReplicationConfiguration {Amazons}/>")).Status
                is HttpStatusCode.MethodNotAllowed;
    }

    [GeneratedRegex("<UploadId>(?<id>[^<]+)</UploadId>", RegexOptions.NonBacktracking)]
    private static partial Regex UploadId();
}
