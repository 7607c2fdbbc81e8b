using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Buckets;

/// <summary>One bucket, opened on behalf of its account. See <see cref="BucketGateway"/>.</summary>
public sealed class OpenBucket : IDisposable
{
    /// <summary>S3's limit for a signed address.</summary>
    public static readonly TimeSpan LongestLink = TimeSpan.FromDays(7);

    /// <summary>
    /// Amazon's client reckons the seconds from a clock of its own and rounds what is left of one: of three neighbours one comes out as was
    /// meant.
    /// </summary>
    private static readonly TimeSpan[] Shifts = [TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(-1)];

    /// <summary>How long a page waits for the store; less if its worker says that it is away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15),
        PatienceWhileAway = TimeSpan.FromSeconds(3);

    private readonly AmazonS3Client client;
    private readonly AmazonS3Client signer;
    private readonly TimeProvider clock;

    internal OpenBucket(Bucket bucket, ObjectStore store, StoreKey key, TimeProvider clock)
    {
        (Bucket, Store, this.clock) = (bucket, store, clock);
        var patience = store.AwaySince is null ? Patience : PatienceWhileAway;
        client = S3Client.Of(store.OwnEndpoint, store.SigningRegion, key, patience);
        Documents = new BucketDocuments(new Uri(store.OwnEndpoint), store.SigningRegion, key, bucket.Name, patience, clock);
        signer = S3Client.Of(store.Endpoint, store.SigningRegion, key);
    }

    public Bucket Bucket { get; }

    public ObjectStore Store { get; }

    public string Id => Bucket.Id;

    public string Name => Bucket.Name;

    /// <summary>As Portal itself reaches the store. What it throws, <see cref="StorageFault"/> tells apart.</summary>
    internal IAmazonS3 S3 => client;

    /// <summary>How the bucket is set, as S3 keeps it.</summary>
    internal BucketDocuments Documents { get; }

    /// <summary>The object's address without a signature: it opens for everybody if the bucket is public.</summary>
    public string PublicUrl(string key) => $"{Store.Endpoint}/{Name}/{Escape(key)}";

    /// <summary>Asks the store; what it refuses, and that it is away, is a sentence for the customer.</summary>
    public async Task<Outcome<T>> AskAsync<T>(Func<IAmazonS3, Task<T>> ask)
    {
        try
        {
            return await ask(client);
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            return StorageFault.Refuse(error);
        }
    }

    /// <summary>
    /// An address that lets whoever has it do this one thing, without any account, until it expires. Signed for the endpoint as customers
    /// reach it. For a part of an upload set <see cref="GetPreSignedUrlRequest.UploadId"/> and
    /// <see cref="GetPreSignedUrlRequest.PartNumber"/> in <paramref name="more"/>; for a download the
    /// <see cref="GetPreSignedUrlRequest.ResponseHeaderOverrides"/>.
    /// </summary>
    public string Link(HttpVerb verb, string key, TimeSpan validity, Action<GetPreSignedUrlRequest>? more = null)
    {
        var request = new GetPreSignedUrlRequest
        {
            BucketName = Name,
            Key = key,
            Verb = verb,
            Protocol = Store.Endpoint.StartsWith("https://", StringComparison.Ordinal) ? Protocol.HTTPS : Protocol.HTTP,
        };
        more?.Invoke(request);
        var (life, link) = (validity < LongestLink ? validity : LongestLink, "");
        var (now, exactly) = (clock.GetUtcNow(), string.Create(CultureInfo.InvariantCulture, $"X-Amz-Expires={life.TotalSeconds:0}&"));
        foreach (var shift in Shifts)
        {
            request.Expires = (now.AddTicks(-(now.UtcTicks % TimeSpan.TicksPerSecond)) + life + shift).UtcDateTime;
            link = signer.GetPreSignedURL(request);
            if (link.Contains(exactly, StringComparison.Ordinal))
            {
                break;
            }
        }

        return link;
    }

    public void Dispose()
    {
        client.Dispose();
        signer.Dispose();
    }

    private static string Escape(string key) => string.Join('/', key.Split('/').Select(Uri.EscapeDataString));
}
